import { type BusRecord, type Clock, crowdOf, PART_LEASE_MS, within } from '@konferenco/core';
import type { LogName, ServerFrameOf } from '@konferenco/protocol';
import type { Hub } from '../fanout/hub.ts';
import type { Connection } from '../gateway/connection.ts';
import { Agenda } from './agenda.ts';
import { ChannelView } from './channel-view.ts';
import type { CountedDeps } from './counted-channel.ts';
import { CountedChannels } from './counted-channels.ts';
import type { CrowdWord } from './local-crowd.ts';
import { FOLLOW_MS, LINGER_MS, MOST_TOLD, REPEAT_MS } from './pace.ts';

/** How soon a node that missed a word asks for everything again. */
const MISSED_MS = 1_000;

/** A channel that somebody here watches. */
interface Viewed {
  readonly channel: string;
  readonly view: ChannelView;
  /** Unix ms when the other nodes were told that it is watched here. */
  saidAt: number;
  /** Unix ms when they were asked for everything. */
  askedAt: number;
  hasMissed: boolean;
  /** A node that has begun to hear it wants to know whether it is watched, and nobody has said so since. */
  isAsked: boolean;
  /** Unix ms since when nobody watches it; `null`: somebody does. */
  idleSince: number | null;
}

export interface CrowdsDeps extends CountedDeps {
  readonly hub: Hub;
  readonly clock: Clock;
}

/**
 * Who is in channels. A channel is counted where it is heard, as long as somebody on any node watches it, and each node
 * tells the nodes that watch it what changed: the cost grows with channels and nodes, not with members.
 */
export class Crowds {
  readonly #deps: CrowdsDeps;
  readonly #counted: CountedChannels;
  readonly #viewed = new Map<string, Viewed>();
  readonly #agenda = new Agenda<Viewed>();
  /** Those whose watchers may have to be told something. */
  readonly #changed = new Set<Viewed>();

  constructor(deps: CrowdsDeps) {
    this.#deps = deps;
    this.#counted = new CountedChannels({
      ...deps,
      isWatched: (channel) => this.#viewed.has(channel),
      onChange: (channel, user) => this.#touch(channel, user),
    });
  }

  /** Channels counted or watched. */
  get size(): number {
    return this.#counted.size + this.#viewed.size;
  }

  /** A connection began to hear `log`. */
  joined(connection: Connection, log: LogName): void {
    this.#counted.joined(connection, log);
  }

  /** A connection hears `log` no more. */
  left(connection: Connection, log: LogName): void {
    this.#counted.left(connection, log);
  }

  /** `user` shows otherwise here. */
  changedHere(user: string): void {
    this.#counted.changedHere(user);
  }

  /** `connection` watches these channels. Returns promises while they are counted, and what the directory knows is read. */
  watch(connection: Connection, channels: readonly string[]): readonly Promise<void>[] {
    const now = this.#deps.clock.now();
    const counting = this.#counted.count(channels) ?? [];
    const fresh: string[] = [];
    for (const channel of channels) {
      let viewed = this.#viewed.get(channel);
      if (!viewed) {
        viewed = this.#begin(channel);
        fresh.push(channel);
      }
      if (viewed.idleSince !== null) this.#agenda.set(viewed, now);
      viewed.idleSince = null;
      viewed.view.watchers.add(connection);
      if (viewed.view.hasChanges) this.#changed.add(viewed);
    }
    const asked = fresh.length > 0 && this.#deps.bus.lossy ? this.#askOthers(fresh) : null;
    return [counting, this.#deps.directory?.available ? (asked ?? []) : []].flat();
  }

  unwatch(connection: Connection, channels: readonly string[]): void {
    const now = this.#deps.clock.now();
    for (const channel of channels) {
      const viewed = this.#viewed.get(channel);
      if (!viewed?.view.watchers.delete(connection) || viewed.view.watchers.size > 0) continue;
      viewed.idleSince = now;
      this.#agenda.set(viewed, now + LINGER_MS);
    }
  }

  /** Everything about a channel that is watched here; `null`: it is not. */
  fullFrame(channel: string): ServerFrameOf<'presence'> | null {
    return this.#viewed.get(channel)?.view.fullFrame() ?? null;
  }

  /** Another node says who is in a channel there. */
  take({ node, channel, asks, ...word }: Extract<BusRecord, { kind: 'crowd' }>): void {
    const viewed = this.#viewed.get(channel);
    if (!viewed) return;
    if (asks) {
      viewed.isAsked = true;
      this.#agenda.set(viewed, this.#deps.clock.now());
    }
    this.#take(viewed, node, word, PART_LEASE_MS);
  }

  /** Another node watches a channel. */
  wanted({ channel, whole }: Extract<BusRecord, { kind: 'watched' }>): void {
    const viewed = this.#viewed.get(channel);
    // Whoever asked has heard it too; that it is watched here as well is said in time.
    if (viewed) viewed.isAsked = false;
    this.#counted.wanted(channel, whole);
  }

  /** Words may have been lost: asks everybody about everything, and says everything to everybody. */
  askAgain(): void {
    for (const viewed of this.#viewed.values()) this.#missed(viewed);
    this.#counted.sayAgain();
  }

  /** What is done once in a gathering. */
  tick(): void {
    const now = this.#deps.clock.now();
    let asks = MOST_TOLD;
    for (const viewed of this.#agenda.take(now)) {
      if (this.#viewed.get(viewed.channel) !== viewed) continue;
      const nextEnd = viewed.view.expire(now);
      if (viewed.view.hasChanges) this.#changed.add(viewed);
      if (viewed.idleSince !== null && now - viewed.idleSince >= LINGER_MS) this.#end(viewed.channel);
      else {
        if (asks > 0 && this.#deps.bus.lossy && this.#remind(viewed, now)) asks--;
        this.#agenda.set(viewed, Math.min(nextEnd, this.#nextWord(viewed)));
      }
    }
    this.#counted.tick(now);
  }

  /** Tells the others what is not told yet, because this node leaves. */
  sayLast(): void {
    this.#counted.sayLast();
  }

  /** What the watchers of each channel are to be told now. */
  *takeFrames(): Iterable<{ readonly watchers: ReadonlySet<Connection>; readonly frame: ServerFrameOf<'presence'> }> {
    const now = this.#deps.clock.now();
    for (const viewed of this.#changed) {
      const { view } = viewed;
      const frame = view.takeFrame(now);
      if (!view.hasChanges || view.watchers.size === 0) this.#changed.delete(viewed);
      if (frame) yield { watchers: view.watchers, frame };
    }
  }

  #begin(channel: string): Viewed {
    const now = this.#deps.clock.now();
    const view = new ChannelView(channel, this.#counted.crowdOf(channel));
    const asked = { saidAt: now, askedAt: now, hasMissed: false, isAsked: false };
    const viewed: Viewed = { channel, view, ...asked, idleSince: null };
    this.#viewed.set(channel, viewed);
    this.#agenda.set(viewed, this.#nextWord(viewed));
    return viewed;
  }

  #end(channel: string): void {
    this.#viewed.delete(channel);
    if (this.#deps.bus.lossy) this.#deps.bus.unfollow(crowdOf(channel));
    this.#counted.release(channel);
  }

  /** Somebody in a channel that is counted here changed. */
  #touch(channel: string, user: string): void {
    const viewed = this.#viewed.get(channel);
    if (!viewed) return;
    viewed.view.touch(user);
    this.#changed.add(viewed);
  }

  #missed(viewed: Viewed): void {
    viewed.hasMissed = true;
    this.#agenda.set(viewed, viewed.askedAt + MISSED_MS);
  }

  /** When there is something to be done about the other nodes, or about nobody watching; Unix ms. */
  #nextWord({ saidAt, askedAt, hasMissed, isAsked, idleSince }: Viewed): number {
    const missed = hasMissed ? askedAt + MISSED_MS : Number.POSITIVE_INFINITY;
    if (idleSince !== null) return Math.min(missed, idleSince + LINGER_MS);
    if (!this.#deps.bus.lossy) return Number.POSITIVE_INFINITY;
    return Math.min(missed, isAsked ? saidAt : saidAt + REPEAT_MS);
  }

  /** Says that a channel is still watched, or asks what was missed. Returns whether it was due. */
  #remind(viewed: Viewed, now: number): boolean {
    const whole = viewed.hasMissed && now - viewed.askedAt >= MISSED_MS;
    const isDue = viewed.isAsked || now - viewed.saidAt >= REPEAT_MS;
    if (!whole && (viewed.idleSince !== null || !isDue)) return false;
    viewed.saidAt = now;
    viewed.isAsked = false;
    if (whole) {
      viewed.askedAt = now;
      viewed.hasMissed = false;
    }
    this.#deps.bus.publish({ kind: 'watched', node: this.#deps.node, channel: viewed.channel, whole });
    return true;
  }

  /** Follows channels, reads what the directory knows of them, and has those who hear them say everything. */
  async #askOthers(channels: readonly string[]): Promise<void> {
    const { bus, node, clock, directory, onDirectoryFailure } = this.#deps;
    const followed = channels.flatMap((channel) => bus.follow(crowdOf(channel)) ?? []);
    if (followed.length > 0) await within(clock, FOLLOW_MS, Promise.all(followed));
    for (const channel of channels) bus.publish({ kind: 'watched', node, channel, whole: true });
    if (!directory?.available) return;
    const parts = await directory.partsOf(channels).catch(() => {
      onDirectoryFailure();
      return [];
    });
    for (const { node: from, channel, version, count, present, holds_ms } of parts) {
      const viewed = this.#viewed.get(channel);
      if (viewed && from !== node) this.#take(viewed, from, { version, after: null, count, present }, holds_ms);
    }
  }

  #take(viewed: Viewed, node: string, word: CrowdWord, holds_ms: number): void {
    const now = this.#deps.clock.now();
    if (viewed.view.take(node, word, now, holds_ms) === 'missed') this.#missed(viewed);
    this.#agenda.set(viewed, now + holds_ms);
    if (viewed.view.hasChanges) this.#changed.add(viewed);
  }
}

import { type BusRecord, type Clock, crowdOf, PART_LEASE_MS } from '@konferenco/core';
import { channelLog, type LogName, parseLogName, type ServerFrameOf } from '@konferenco/protocol';
import type { Hub } from '../fanout/hub.ts';
import type { Connection } from '../gateway/connection.ts';
import { ChannelView } from './channel-view.ts';
import { CountedChannel, type CountedDeps } from './counted-channel.ts';
import type { CrowdWord, LocalCrowd } from './local-crowd.ts';
import { FOLLOW_MS, LINGER_MS, MOST_TOLD, REPEAT_MS } from './pace.ts';
import { within } from './within.ts';

/** How soon a node that missed a word asks for everything again. */
const MISSED_MS = 1_000;

/** A channel that somebody here watches. */
interface Viewed {
  readonly view: ChannelView;
  /** Unix ms when the other nodes were told that it is watched here. */
  saidAt: number;
  /** Unix ms when they were asked for everything. */
  askedAt: number;
  hasMissed: boolean;
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
  readonly #counted = new Map<LogName, CountedChannel>();
  readonly #viewed = new Map<string, Viewed>();

  constructor(deps: CrowdsDeps) {
    this.#deps = deps;
  }

  /** Channels counted or watched. */
  get size(): number {
    return this.#counted.size + this.#viewed.size;
  }

  /** A connection began to hear `log`. */
  joined(connection: Connection, log: LogName): void {
    const counted = this.#counted.get(log);
    if (!counted) return this.#countFirst(connection, log);
    counted.crowd.join(connection.user);
    this.#viewed.get(counted.channel)?.view.touch();
  }

  /** A connection hears `log` no more. */
  left(connection: Connection, log: LogName): void {
    const counted = this.#counted.get(log);
    if (!counted) return;
    counted.crowd.leave(connection.user);
    this.#viewed.get(counted.channel)?.view.touch();
  }

  /** `user` shows otherwise here. */
  changedHere(user: string): void {
    if (this.#counted.size === 0) return;
    for (const { logs } of this.#deps.hub.connectionsOf(user)) {
      for (const log of logs) {
        const counted = this.#counted.get(log);
        if (counted?.crowd.touch(user)) this.#viewed.get(counted.channel)?.view.touch();
      }
    }
  }

  /** `connection` watches these channels. Returns a promise while what the directory knows of them is read. */
  watch(connection: Connection, channels: readonly string[]): void | Promise<void> {
    this.#count(channels);
    const fresh: string[] = [];
    for (const channel of channels) {
      let viewed = this.#viewed.get(channel);
      if (!viewed) {
        viewed = this.#begin(channel);
        fresh.push(channel);
      }
      viewed.idleSince = null;
      viewed.view.watchers.add(connection);
    }
    if (fresh.length === 0 || !this.#deps.bus.lossy) return;
    const asked = this.#askOthers(fresh);
    return this.#deps.directory?.available ? asked : undefined;
  }

  unwatch(connection: Connection, channels: readonly string[]): void {
    for (const channel of channels) {
      const viewed = this.#viewed.get(channel);
      if (viewed?.view.watchers.delete(connection) && viewed.view.watchers.size === 0)
        viewed.idleSince = this.#deps.clock.now();
    }
  }

  /** Everything about a channel that is watched here; `null`: it is not. */
  fullFrame(channel: string): ServerFrameOf<'presence'> | null {
    return this.#viewed.get(channel)?.view.fullFrame() ?? null;
  }

  /** Another node says who is in a channel there. */
  take({ node, channel, ...word }: Extract<BusRecord, { kind: 'crowd' }>): void {
    this.#take(node, channel, word, PART_LEASE_MS);
  }

  /** Another node watches a channel. */
  wanted({ channel, whole }: Extract<BusRecord, { kind: 'watched' }>): void {
    const log = channelLog(channel);
    if (!this.#deps.hub.logs.has(log)) return;
    this.#count([channel]);
    const counted = this.#counted.get(log);
    counted?.want(whole, this.#deps.clock.now());
  }

  /** Words may have been lost: asks everybody about everything, and says everything to everybody. */
  askAgain(): void {
    for (const viewed of this.#viewed.values()) viewed.hasMissed = true;
    for (const counted of this.#counted.values()) counted.sayAgain();
  }

  /** What is done once in a gathering. */
  tick(): void {
    const now = this.#deps.clock.now();
    let asks = MOST_TOLD;
    for (const [channel, viewed] of this.#viewed) {
      viewed.view.expire(now);
      if (viewed.idleSince !== null && now - viewed.idleSince >= LINGER_MS) this.#end(channel);
      else if (asks > 0 && this.#deps.bus.lossy && this.#remind(channel, viewed, now)) asks--;
    }
    for (const [log, counted] of this.#counted) {
      if (counted.isOver(now) && !this.#viewed.has(counted.channel)) this.#counted.delete(log);
      else counted.tick(now);
    }
  }

  /** Tells the others what is not told yet, because this node leaves. */
  sayLast(): void {
    const now = this.#deps.clock.now();
    for (const counted of this.#counted.values()) counted.say(now);
  }

  /** What the watchers of each channel are to be told now. */
  *takeFrames(): Iterable<{ readonly watchers: ReadonlySet<Connection>; readonly frame: ServerFrameOf<'presence'> }> {
    const now = this.#deps.clock.now();
    for (const { view } of this.#viewed.values()) {
      const frame = view.takeFrame(now);
      if (frame) yield { watchers: view.watchers, frame };
    }
  }

  #begin(channel: string): Viewed {
    const crowd = this.#counted.get(channelLog(channel))?.crowd ?? this.#start(channel).crowd;
    const now = this.#deps.clock.now();
    const view = new ChannelView(channel, crowd);
    const viewed = { view, saidAt: now, askedAt: now, hasMissed: false, idleSince: null };
    this.#viewed.set(channel, viewed);
    return viewed;
  }

  #end(channel: string): void {
    this.#viewed.delete(channel);
    if (this.#deps.bus.lossy) this.#deps.bus.unfollow(crowdOf(channel));
    this.#counted.get(channelLog(channel))?.keep(this.#deps.clock.now());
  }

  #start(channel: string): CountedChannel {
    const counted = new CountedChannel(this.#deps, channel, this.#deps.clock.now());
    this.#counted.set(channelLog(channel), counted);
    return counted;
  }

  /** Whoever watches the channel elsewhere may not know that it is heard here now. */
  #countFirst(connection: Connection, log: LogName): void {
    const address = parseLogName(log);
    if (address?.kind !== 'channel' || this.#deps.hub.logs.get(log)?.subscribers !== 1) return;
    const counted = this.#start(address.channel);
    counted.want(true, this.#deps.clock.now());
    counted.crowd.join(connection.user);
  }

  /** Begins to count channels that are not counted yet: one look at all connections for all of them. */
  #count(channels: readonly string[]): void {
    const { hub } = this.#deps;
    const started = new Map<LogName, LocalCrowd>();
    for (const channel of channels) {
      const log = channelLog(channel);
      if (!this.#counted.has(log) && hub.logs.has(log)) started.set(log, this.#start(channel).crowd);
    }
    if (started.size === 0) return;
    for (const { user, logs } of hub.connections()) {
      for (const log of logs) started.get(log)?.join(user);
    }
  }

  /** Says that a channel is still watched, or asks what was missed. Returns whether it was due. */
  #remind(channel: string, viewed: Viewed, now: number): boolean {
    const whole = viewed.hasMissed && now - viewed.askedAt >= MISSED_MS;
    if (!whole && (viewed.idleSince !== null || now - viewed.saidAt < REPEAT_MS)) return false;
    viewed.saidAt = now;
    if (whole) viewed.askedAt = now;
    if (whole) viewed.hasMissed = false;
    this.#deps.bus.publish({ kind: 'watched', node: this.#deps.node, channel, whole });
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
      if (from !== node) this.#take(from, channel, { version, after: null, count, present }, holds_ms);
    }
  }

  #take(node: string, channel: string, word: CrowdWord, holds_ms: number): void {
    const viewed = this.#viewed.get(channel);
    if (viewed?.view.take(node, word, this.#deps.clock.now(), holds_ms) === 'missed') viewed.hasMissed = true;
  }
}

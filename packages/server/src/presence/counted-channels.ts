import type { Clock } from '@konferenco/core';
import { channelLog, type LogName, parseLogName } from '@konferenco/protocol';
import type { Hub } from '../fanout/hub.ts';
import type { Connection } from '../gateway/connection.ts';
import { Agenda } from './agenda.ts';
import { CountedChannel, type CountedDeps } from './counted-channel.ts';
import type { LocalCrowd } from './local-crowd.ts';

/** How often all connections are looked at, to count channels that nobody watched until now, at the most. */
const LOOK_MS = 150;

export interface CountedChannelsDeps extends CountedDeps {
  readonly hub: Hub;
  readonly clock: Clock;
  /** Whether somebody here watches a channel, or did shortly before. */
  readonly isWatched: (channel: string) => boolean;
  /** `user` came into a channel that is counted, left it, or shows otherwise. */
  readonly onChange: (channel: string, user: string) => void;
}

/** The channels whose hearers on this node are counted. */
export class CountedChannels {
  readonly #deps: CountedChannelsDeps;
  readonly #counted = new Map<LogName, CountedChannel>();
  readonly #agenda = new Agenda<CountedChannel>();
  /** Channels whose hearers are to be looked up. */
  readonly #uncounted = new Map<LogName, CountedChannel>();
  /** Unix ms. */
  #lookedAt = 0;
  #looking: Promise<void> | null = null;
  /** Channels that other nodes said they watch since the last tick, and whether they want everything. */
  readonly #wanted = new Map<string, boolean>();

  constructor(deps: CountedChannelsDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#counted.size;
  }

  /** A connection began to hear `log`. Whoever watches the channel elsewhere may not know that it is heard here now. */
  joined(connection: Connection, log: LogName): void {
    const isFirst = this.#deps.hub.logs.get(log)?.subscribers === 1;
    const counted = this.#counted.get(log) ?? (isFirst ? this.#startOf(log) : null);
    if (!counted) return;
    if (isFirst) counted.offer(this.#deps.clock.now());
    counted.crowd.join(connection.user);
    this.#changed(counted, connection.user);
  }

  /** A connection hears `log` no more. */
  left(connection: Connection, log: LogName): void {
    const counted = this.#counted.get(log);
    if (!counted) return;
    counted.crowd.leave(connection.user);
    this.#changed(counted, connection.user);
  }

  /** `user` shows otherwise here. */
  changedHere(user: string): void {
    if (this.#counted.size === 0) return;
    for (const { logs } of this.#deps.hub.connectionsOf(user)) {
      for (const log of logs) {
        const counted = this.#counted.get(log);
        if (counted?.crowd.touch(user)) this.#changed(counted, user);
      }
    }
  }

  /** Begins to count channels that are not counted yet. Returns a promise while they wait for the next look, 150 ms at the most. */
  count(channels: readonly string[]): void | Promise<void> {
    this.#begin(channels);
    if (!channels.some((channel) => this.#uncounted.has(channelLog(channel)))) return;
    const left = this.#lookedAt + LOOK_MS - this.#deps.clock.now();
    if (left <= 0) return this.#look();
    this.#looking ??= new Promise((resolve) => {
      this.#deps.clock.after(Math.min(left, LOOK_MS), () => {
        this.#looking = null;
        this.#look();
        resolve();
      });
    });
    return this.#looking;
  }

  /** Who is in `channel` here; counted from now on. */
  crowdOf(channel: string): LocalCrowd {
    return (this.#counted.get(channelLog(channel)) ?? this.#start(channel)).crowd;
  }

  /** Another node watches a channel. Is answered with the next tick. */
  wanted(channel: string, whole: boolean): void {
    if (this.#deps.hub.logs.has(channelLog(channel)))
      this.#wanted.set(channel, whole || this.#wanted.get(channel) === true);
  }

  /** Nobody here watches `channel` any more. */
  release(channel: string): void {
    const counted = this.#counted.get(channelLog(channel));
    if (!counted) return;
    const now = this.#deps.clock.now();
    counted.keep(now);
    this.#agenda.set(counted, now);
  }

  /** Words may have been lost: says everything to everybody. */
  sayAgain(): void {
    const now = this.#deps.clock.now();
    for (const counted of this.#counted.values()) {
      counted.sayAgain(now);
      this.#agenda.set(counted, now);
    }
  }

  /** Tells the others what is not told yet, because this node leaves. */
  sayLast(): void {
    const now = this.#deps.clock.now();
    for (const counted of this.#counted.values()) counted.say(now);
  }

  /** What is done once in a gathering, at `now` (Unix ms). */
  tick(now: number): void {
    this.#begin(this.#wanted.keys());
    this.#look();
    this.#takeWanted(now);
    for (const counted of this.#agenda.take(now)) {
      const log = channelLog(counted.channel);
      if (this.#counted.get(log) !== counted) continue;
      const next = counted.tick(now);
      if (counted.isOver(now) && !this.#deps.isWatched(counted.channel)) this.#counted.delete(log);
      else this.#agenda.set(counted, next);
    }
  }

  #begin(channels: Iterable<string>): void {
    for (const channel of channels) {
      const log = channelLog(channel);
      if (!this.#counted.has(log) && this.#deps.hub.logs.has(log)) this.#uncounted.set(log, this.#start(channel));
    }
  }

  /** One look at all connections, for all channels that wait for it. */
  #look(): void {
    if (this.#uncounted.size === 0) return;
    const { hub, clock, onChange } = this.#deps;
    this.#lookedAt = clock.now();
    // Whoever came meanwhile is among them.
    for (const { crowd } of this.#uncounted.values()) crowd.forgetAll();
    for (const { user, logs } of hub.connections()) {
      for (const log of logs) this.#uncounted.get(log)?.crowd.join(user);
    }
    for (const { channel, crowd } of this.#uncounted.values())
      for (const user of crowd.users()) onChange(channel, user);
    this.#uncounted.clear();
  }

  #takeWanted(now: number): void {
    for (const [channel, whole] of this.#wanted) {
      const counted = this.#counted.get(channelLog(channel));
      if (!counted) continue;
      counted.want(whole, now);
      this.#agenda.set(counted, now);
    }
    this.#wanted.clear();
  }

  #changed(counted: CountedChannel, user: string): void {
    const now = this.#deps.clock.now();
    if (counted.changed(now)) this.#agenda.set(counted, now);
    this.#deps.onChange(counted.channel, user);
  }

  #start(channel: string): CountedChannel {
    const now = this.#deps.clock.now();
    const counted = new CountedChannel(this.#deps, channel, now);
    this.#counted.set(channelLog(channel), counted);
    this.#agenda.set(counted, now);
    return counted;
  }

  #startOf(log: LogName): CountedChannel | null {
    const address = parseLogName(log);
    return address?.kind === 'channel' ? this.#start(address.channel) : null;
  }
}

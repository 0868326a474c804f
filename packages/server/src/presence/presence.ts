import type { Bus, BusRecord, Clock } from '@konferenco/core';
import {
  type ClientFrameOf,
  channelLog,
  type LogName,
  parseLogName,
  type PresenceStatus,
  type ServerFrameOf,
} from '@konferenco/protocol';
import type { Hub } from '../fanout/hub.ts';
import type { Connection } from '../gateway/connection.ts';
import { sendFrame } from '../gateway/outgoing.ts';
import { ChannelWatch } from './channel-watch.ts';
import { Elsewhere, REPEAT_MS } from './elsewhere.ts';

/** Changes gather this long, so that a storm of arrivals costs each watcher a few frames a second. */
const GATHER_MS = 250;

/** Users named in one record when a node repeats who is connected to it. */
const ROSTER = 500;

/** From most to least reachable: a user with several connections shows the most reachable one. */
const ORDER: readonly PresenceStatus[] = ['online', 'busy', 'away', 'offline'];

export interface PresenceDeps {
  readonly node: string;
  readonly hub: Hub;
  readonly bus: Bus;
  readonly clock: Clock;
}

/**
 * Who is here, as the merge of what every node says of its own connections. Watchers get the full state once and then
 * what changed, at most four times a second; a clean close shows within that time.
 */
export class Presence {
  readonly #deps: PresenceDeps;
  readonly #elsewhere = new Elsewhere();
  readonly #channels = new Map<string, ChannelWatch>();
  readonly #watchersOf = new Map<string, Set<Connection>>();
  readonly #watchedBy = new Map<
    Connection,
    { readonly channels: readonly string[]; readonly users: readonly string[] }
  >();
  readonly #changed = new Set<string>();
  #timer: (() => void) | null = null;
  #cancelRepeat: () => void = () => {};
  readonly #leaveBus: () => void;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
    this.#leaveBus = deps.bus.subscribe((record) => this.#receive(record));
    if (deps.bus.lossy) this.#planRepeat();
  }

  close(): void {
    this.#leaveBus();
    this.#cancelRepeat();
    this.#timer?.();
  }

  statusOf(user: string): PresenceStatus {
    let best = this.#here(user);
    for (const status of this.#elsewhere.statusesOf(user)) best = moreReachable(best, status);
    return best;
  }

  /** A connection of `user` said hello. */
  arrived(user: string): void {
    this.#announce(user);
  }

  /** A connection ended; it had heard `logs`. */
  departed(connection: Connection, logs: readonly LogName[]): void {
    this.unwatch(connection);
    for (const log of logs) this.left(connection, log);
    this.#announce(connection.user);
  }

  set(connection: Connection, status: Connection['status']): void {
    if (connection.status === status) return;
    connection.status = status;
    this.#announce(connection.user);
  }

  /** A connection began to hear `log`. */
  joined(connection: Connection, log: LogName): void {
    this.#watchOf(log)?.join(connection.user);
    this.#schedule();
  }

  /** A connection hears `log` no more. */
  left(connection: Connection, log: LogName): void {
    this.#watchOf(log)?.leave(connection.user);
    this.#schedule();
  }

  /** Replaces what a connection watches, and sends it the full state. The caller has checked that it may. */
  watch(
    connection: Connection,
    { channels = [], users = [] }: Pick<ClientFrameOf<'watch'>, 'channels' | 'users'>,
  ): void {
    this.unwatch(connection);
    this.#watchedBy.set(connection, { channels, users });
    for (const channel of channels) {
      const watch = this.#channels.get(channel) ?? this.#startChannel(channel);
      watch.watchers.add(connection);
      sendFrame(
        connection,
        watch.fullFrame((user) => this.statusOf(user)),
      );
    }
    for (const user of users) {
      const watchers = this.#watchersOf.get(user) ?? new Set();
      this.#watchersOf.set(user, watchers.add(connection));
    }
    if (users.length > 0) sendFrame(connection, this.#usersFrame(users));
  }

  unwatch(connection: Connection): void {
    const watched = this.#watchedBy.get(connection);
    if (!watched) return;
    this.#watchedBy.delete(connection);
    for (const channel of watched.channels) {
      const watch = this.#channels.get(channel);
      watch?.watchers.delete(connection);
      if (watch?.watchers.size === 0) this.#channels.delete(channel);
    }
    for (const user of watched.users) {
      const watchers = this.#watchersOf.get(user);
      watchers?.delete(connection);
      if (watchers?.size === 0) this.#watchersOf.delete(user);
    }
  }

  #here(user: string): PresenceStatus {
    let best: PresenceStatus = 'offline';
    for (const connection of this.#deps.hub.connectionsOf(user)) best = moreReachable(best, connection.status);
    return best;
  }

  #announce(user: string): void {
    this.#deps.bus.publish({ kind: 'presence', user, node: this.#deps.node, status: this.#here(user) });
  }

  #planRepeat(): void {
    this.#cancelRepeat = this.#deps.clock.after(REPEAT_MS, () => {
      this.#planRepeat();
      this.#repeat();
      for (const user of this.#elsewhere.expire(this.#deps.clock.now())) this.#noteChange(user);
    });
  }

  /** Says again who is connected here. */
  #repeat(): void {
    const { hub, bus, node } = this.#deps;
    const here = [...hub.userNames()].flatMap((user) => {
      const status = this.#here(user);
      return status === 'offline' ? [] : [{ user, status }];
    });
    for (let i = 0; i < here.length; i += ROSTER)
      bus.publish({ kind: 'roster', node, users: here.slice(i, i + ROSTER) });
  }

  #receive(record: BusRecord): void {
    const { node: own, clock } = this.#deps;
    if (record.kind === 'presence') {
      if (record.node !== own) this.#elsewhere.take(record.user, record.node, record.status, clock.now());
      this.#noteChange(record.user);
    } else if (record.kind === 'roster' && record.node !== own) {
      for (const { user, status } of record.users) {
        if (this.#elsewhere.take(user, record.node, status, clock.now())) this.#noteChange(user);
      }
    }
  }

  #noteChange(user: string): void {
    if (this.#watchedBy.size === 0) return;
    if (this.#watchersOf.has(user)) this.#changed.add(user);
    for (const watch of this.#channels.values()) watch.statusChanged(user);
    this.#schedule();
  }

  #watchOf(log: LogName): ChannelWatch | undefined {
    if (this.#channels.size === 0) return undefined;
    const address = parseLogName(log);
    return address?.kind === 'channel' ? this.#channels.get(address.channel) : undefined;
  }

  #startChannel(channel: string): ChannelWatch {
    const watch = new ChannelWatch(channel);
    const log = channelLog(channel);
    for (const connection of this.#deps.hub.connections())
      if (connection.logs.includes(log)) watch.join(connection.user);
    watch.takeChanges();
    this.#channels.set(channel, watch);
    return watch;
  }

  #schedule(): void {
    if (this.#watchedBy.size > 0) this.#timer ??= this.#deps.clock.after(GATHER_MS, () => this.#flush());
  }

  #flush(): void {
    this.#timer = null;
    for (const watch of this.#channels.values()) {
      const frame = watch.deltaFrame((user) => this.statusOf(user));
      if (frame) for (const connection of watch.watchers) sendFrame(connection, frame);
    }
    const perWatcher = new Map<Connection, string[]>();
    for (const user of this.#changed) {
      for (const connection of this.#watchersOf.get(user) ?? []) {
        const users = perWatcher.get(connection) ?? [];
        users.push(user);
        perWatcher.set(connection, users);
      }
    }
    this.#changed.clear();
    for (const [connection, users] of perWatcher) sendFrame(connection, this.#usersFrame(users));
  }

  #usersFrame(users: readonly string[]): ServerFrameOf<'presence'> {
    return { type: 'presence', users: users.map((user) => ({ user_id: user, status: this.statusOf(user) })) };
  }
}

function moreReachable(a: PresenceStatus, b: PresenceStatus): PresenceStatus {
  return ORDER.indexOf(a) <= ORDER.indexOf(b) ? a : b;
}

import { type Bus, type BusRecord, type Clock, nodeInterest, type PresenceDirectory, within } from '@konferenco/core';
import type { ClientFrameOf, LogName, PresenceStatus, ServerFrameOf } from '@konferenco/protocol';
import type { Hub } from '../fanout/hub.ts';
import type { Connection } from '../gateway/connection.ts';
import { Crowds } from './crowds.ts';
import { OwnLeases } from './own-leases.ts';
import { CHUNK, chunksOf, GATHER_MS, MOST_FRAMES_S } from './pace.ts';
import { moreReachable } from './reach.ts';
import { Versions } from './versions.ts';
import { WatchedPeople } from './watched-people.ts';

/** How long the first frames of who watches wait for the directory. */
const FIRST_WORD_MS = 200;

export interface PresenceDeps {
  readonly node: string;
  readonly hub: Hub;
  readonly bus: Bus;
  readonly clock: Clock;
  /** `null`: nodes ask each other on the bus. */
  readonly directory: PresenceDirectory | null;
  /** Told of frames sent, and of failures of the directory. */
  readonly count: (what: 'frame' | 'directory_failure', times: number) => void;
}

type Watching = Required<Pick<ClientFrameOf<'watch'>, 'channels' | 'users'>>;

/**
 * Who is here, as the merge of what every node says of its own connections. Watchers get the full state once and then
 * what changed, at most four times a second; a clean close shows within a second on any node.
 */
export class Presence {
  readonly #deps: PresenceDeps;
  readonly #own: OwnLeases;
  readonly #people: WatchedPeople;
  readonly #crowds: Crowds;
  readonly #watchedBy = new Map<Connection, Watching>();
  #cancel: (() => void) | null = null;
  #mayTellAt = 0;
  readonly #leave: readonly (() => void)[];

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
    const { bus, clock, node, directory } = deps;
    const versions = new Versions(() => clock.now());
    const parts = {
      ...deps,
      versions,
      here: (user: string) => this.#here(user),
      onDirectoryFailure: () => deps.count('directory_failure', 1),
    };
    this.#own = new OwnLeases(parts);
    this.#people = new WatchedPeople(parts);
    this.#crowds = new Crowds(parts);
    const leaveBus = bus.subscribe((record) => this.#receive(record));
    const leaveDirectory = directory?.onReturn(() => this.#directoryReturned()) ?? (() => {});
    this.#leave = [leaveBus, leaveDirectory];
    bus.onReconnect(() => {
      this.#people.askAgain();
      this.#crowds.askAgain();
    });
    if (bus.lossy) void bus.follow(nodeInterest(node));
    this.#schedule();
  }

  /** Stops what ticks, and resolves when the others are told who has gone. Connections are closed before. */
  async close(): Promise<void> {
    for (const leave of this.#leave) leave();
    this.#cancel?.();
    this.#cancel = () => {};
    if (!this.#deps.bus.lossy) return;
    this.#crowds.sayLast();
    await this.#own.tell(Number.POSITIVE_INFINITY);
  }

  #directoryReturned(): void {
    this.#own.tellAgain();
    this.#people.directoryReturned();
  }

  /** Of somebody who is connected here, or whom somebody here watches; everybody else is `offline` as far as is known. */
  statusOf(user: string): PresenceStatus {
    return this.#people.statusOf(user);
  }

  /** A connection of `user` said hello. */
  arrived(user: string): void {
    this.#changed(user);
  }

  /** A connection ended; it had heard `logs`. */
  departed(connection: Connection, logs: readonly LogName[]): void {
    this.unwatch(connection);
    for (const log of logs) this.left(connection, log);
    this.#changed(connection.user);
  }

  set(connection: Connection, status: Connection['status']): void {
    if (connection.status === status) return;
    connection.status = status;
    this.#changed(connection.user);
  }

  /** A connection began to hear `log`. */
  joined(connection: Connection, log: LogName): void {
    this.#crowds.joined(connection, log);
    this.#schedule();
  }

  /** A connection hears `log` no more. */
  left(connection: Connection, log: LogName): void {
    this.#crowds.left(connection, log);
    this.#schedule();
  }

  /**
   * Replaces what a connection watches, and sends it the full state. The caller has checked that it may. Returns a promise
   * while the state is looked up, 200 ms at the most; what is found later comes as a change.
   */
  watch(
    connection: Connection,
    { channels = [], users = [] }: Pick<ClientFrameOf<'watch'>, 'channels' | 'users'>,
  ): void | Promise<void> {
    const before = this.#watchedBy.get(connection);
    const watching = { channels: [...new Set(channels)], users: [...new Set(users)] };
    const asking = [
      ...this.#crowds.watch(connection, watching.channels),
      this.#people.watch(connection, watching.users) ?? [],
    ].flat();
    this.#watchedBy.set(connection, watching);
    if (before) this.#unwatch(connection, without(before, watching));
    this.#schedule();
    if (asking.length === 0) return this.#tellFirst(connection, watching);
    return within(this.#deps.clock, FIRST_WORD_MS, Promise.all(asking)).then(() => {
      if (this.#watchedBy.get(connection) === watching) this.#tellFirst(connection, watching);
    });
  }

  unwatch(connection: Connection): void {
    const watching = this.#watchedBy.get(connection);
    if (!watching) return;
    this.#watchedBy.delete(connection);
    this.#unwatch(connection, watching);
  }

  #unwatch(connection: Connection, { channels, users }: Watching): void {
    this.#crowds.unwatch(connection, channels);
    this.#people.unwatch(connection, users);
  }

  #tellFirst(connection: Connection, { channels, users }: Watching): void {
    let sent = 0;
    for (const channel of channels) sent += this.#send([connection], this.#crowds.fullFrame(channel));
    if (users.length > 0) sent += this.#send([connection], this.#people.firstFrame(users));
    this.#deps.count('frame', sent);
  }

  #here(user: string): PresenceStatus {
    let best: PresenceStatus = 'offline';
    for (const connection of this.#deps.hub.connectionsOf(user)) best = moreReachable(best, connection.status);
    return best;
  }

  #changed(user: string): void {
    if (this.#deps.bus.lossy) this.#own.changed(user);
    this.#people.changedHere(user);
    this.#crowds.changedHere(user);
    this.#schedule();
  }

  #receive(record: BusRecord): void {
    const { node } = this.#deps;
    if (!('node' in record) || record.node === node) return;
    switch (record.kind) {
      case 'presence':
        return this.#people.take(record.node, record);
      case 'roster':
        if (record.to === node) for (const lease of record.leases) this.#people.take(record.node, lease);
        return;
      case 'who':
        return this.#answer(record.node, record.users);
      case 'crowd':
        return this.#crowds.take(record);
      case 'watched':
        return this.#crowds.wanted(record);
    }
  }

  #answer(to: string, users: readonly string[]): void {
    const { bus, node } = this.#deps;
    for (const leases of chunksOf(this.#own.leasesOf(users), CHUNK)) bus.publish({ kind: 'roster', node, to, leases });
  }

  /** On a node among others something always ticks; on one alone only while something is watched or counted. */
  #schedule(): void {
    if (!this.#deps.bus.lossy && this.#people.size === 0 && this.#crowds.size === 0) return;
    this.#cancel ??= this.#deps.clock.after(GATHER_MS, () => this.#tick());
  }

  #tick(): void {
    this.#cancel = null;
    if (this.#deps.bus.lossy) void this.#own.tell();
    this.#people.tick();
    this.#crowds.tick();
    const now = this.#deps.clock.now();
    if (now >= this.#mayTellAt) this.#mayTellAt = now + (this.#tellChanges() * 1_000) / MOST_FRAMES_S;
    this.#schedule();
  }

  /** Returns how many frames that were. */
  #tellChanges(): number {
    let sent = 0;
    for (const { watchers, frame } of this.#crowds.takeFrames()) sent += this.#send(watchers, frame);
    for (const [connection, frame] of this.#people.takeFrames()) sent += this.#send([connection], frame);
    if (sent > 0) this.#deps.count('frame', sent);
    return sent;
  }

  /** Returns how many frames that were. */
  #send(watchers: Iterable<Connection>, frame: ServerFrameOf<'presence'> | null): number {
    if (!frame) return 0;
    const text = JSON.stringify(frame);
    let sent = 0;
    for (const { phase, socket } of watchers) {
      if (phase === 'closing') continue;
      socket.send(text);
      sent++;
    }
    return sent;
  }
}

function without(before: Watching, now: Watching): Watching {
  const channels = before.channels.filter((channel) => !now.channels.includes(channel));
  const users = new Set(now.users);
  return { channels, users: before.users.filter((user) => !users.has(user)) };
}

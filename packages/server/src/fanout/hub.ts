import type { BucketRate, Bus } from '@konferenco/core';
import { inboxLog, type LogName } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import { topicOf } from '../gateway/socket.ts';
import { LiveLog } from './live-log.ts';

const NONE: readonly Connection[] = [];

export interface HubOptions {
  readonly digest: BucketRate;
  /** Unix ms. */
  readonly now: () => number;
  /** Told which logs and inboxes somebody here hears. */
  readonly bus: Pick<Bus, 'follow' | 'unfollow'>;
}

/** Who is connected to this node, and which logs they hear. */
export class Hub {
  readonly #users = new Map<string, Connection | Connection[]>();
  readonly #logs = new Map<LogName, LiveLog>();
  readonly #options: HubOptions;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  get users(): number {
    return this.#users.size;
  }

  userNames(): Iterable<string> {
    return this.#users.keys();
  }

  get logs(): ReadonlyMap<LogName, LiveLog> {
    return this.#logs;
  }

  /** Returns a promise as long as what is published elsewhere for the user may pass this node by. */
  add(connection: Connection): void | Promise<void> {
    const present = this.#users.get(connection.user);
    if (present === undefined) this.#users.set(connection.user, connection);
    else if (Array.isArray(present)) present.push(connection);
    else this.#users.set(connection.user, [present, connection]);
    return this.#options.bus.follow(inboxLog(connection.user));
  }

  /** Ends a connection's subscriptions. */
  remove(connection: Connection): void {
    for (const log of [...connection.logs]) this.unsubscribe(connection, log);
    const present = this.#users.get(connection.user);
    if (present === connection) {
      this.#users.delete(connection.user);
      this.#options.bus.unfollow(inboxLog(connection.user));
    }
    if (!Array.isArray(present)) return;
    const rest = present.filter((other) => other !== connection);
    const [only] = rest;
    if (rest.length === 1 && only) this.#users.set(connection.user, only);
    else this.#users.set(connection.user, rest);
  }

  connectionsOf(user: string): readonly Connection[] {
    const present = this.#users.get(user);
    if (present === undefined) return NONE;
    return Array.isArray(present) ? present : [present];
  }

  *connections(): Iterable<Connection> {
    for (const present of this.#users.values()) {
      if (Array.isArray(present)) yield* present;
      else yield present;
    }
  }

  subscribe(connection: Connection, log: LogName): LiveLog {
    let live = this.#logs.get(log);
    if (!live) {
      const { digest, now, bus } = this.#options;
      live = new LiveLog(log, digest, now());
      live.followed = bus.follow(log);
      this.#logs.set(log, live);
    }
    connection.lost?.delete(log);
    if (!connection.logs.includes(log)) {
      connection.logs.push(log);
      live[connection.encoding]++;
    }
    connection.socket.subscribe(topicOf(log, connection.encoding));
    return live;
  }

  /** Returns false when the connection did not hear `log`. */
  unsubscribe(connection: Connection, log: LogName): boolean {
    const at = connection.logs.indexOf(log);
    if (at < 0) return false;
    connection.logs.splice(at, 1);
    if (connection.phase !== 'closing') connection.socket.unsubscribe(topicOf(log, connection.encoding));
    const live = this.#logs.get(log);
    if (live) {
      live[connection.encoding]--;
      if (live.subscribers === 0) {
        this.#logs.delete(log);
        this.#options.bus.unfollow(log);
      }
    }
    return true;
  }
}

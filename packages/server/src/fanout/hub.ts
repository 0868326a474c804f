import type { BucketRate } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import { topicOf } from '../gateway/socket.ts';
import { LiveLog } from './live-log.ts';

const NONE: readonly Connection[] = [];

/** Who is connected to this node, and which logs they hear. */
export class Hub {
  readonly #users = new Map<string, Connection | Connection[]>();
  readonly #logs = new Map<LogName, LiveLog>();
  readonly #digest: BucketRate;
  readonly #now: () => number;

  constructor(digest: BucketRate, now: () => number) {
    this.#digest = digest;
    this.#now = now;
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

  /** Returns true when it is the user's first connection here. */
  add(connection: Connection): boolean {
    const present = this.#users.get(connection.user);
    if (present === undefined) this.#users.set(connection.user, connection);
    else if (Array.isArray(present)) present.push(connection);
    else this.#users.set(connection.user, [present, connection]);
    return present === undefined;
  }

  /** Ends a connection's subscriptions. Returns true when it was the user's last connection here. */
  remove(connection: Connection): boolean {
    for (const log of [...connection.logs]) this.unsubscribe(connection, log);
    const present = this.#users.get(connection.user);
    if (present === connection) return this.#users.delete(connection.user);
    if (!Array.isArray(present)) return false;
    const rest = present.filter((other) => other !== connection);
    const [only] = rest;
    if (rest.length === 1 && only) this.#users.set(connection.user, only);
    else this.#users.set(connection.user, rest);
    return false;
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
      live = new LiveLog(log, this.#digest, this.#now());
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
      if (live.subscribers === 0) this.#logs.delete(log);
    }
    return true;
  }
}

import type { Clock, Store } from '@konferenco/core';
import { inboxLog } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import type { FanOut } from './fan-out.ts';
import type { Hub } from './hub.ts';
import type { LiveLog } from './live-log.ts';

/** Pause between two turns. */
const TURN_MS = 1_000;
/** How long copies of what the store already has may still be on their way. */
const GRACE_MS = 250;
/** Logs, and users, looked at in one turn; more are looked at in rotation. */
const MOST_A_TURN = 500;

export interface HeadCheckDeps {
  readonly hub: Pick<Hub, 'logs' | 'userNames' | 'connectionsOf'>;
  readonly fanOut: Pick<FanOut, 'repair' | 'repairInbox'>;
  readonly store: Pick<Store, 'states'>;
  readonly clock: Clock;
}

/**
 * Finds live copies that a lossy bus lost and that nothing came after: compares what this node delivered with where the
 * store says that its members' logs and inboxes stand, and has the rest read from there.
 */
export class HeadCheck {
  readonly #deps: HeadCheckDeps;
  #cancel: () => void = () => {};
  #closed = false;
  /** Where the next turn begins. */
  #nextLog = 0;
  #nextUser = 0;

  constructor(deps: HeadCheckDeps) {
    this.#deps = deps;
    this.#plan();
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #plan(): void {
    if (this.#closed) return;
    // A store that cannot be read now is asked again at the next turn.
    this.#cancel = this.#deps.clock.after(
      TURN_MS,
      () =>
        void this.#turn().then(
          () => this.#plan(),
          () => this.#plan(),
        ),
    );
  }

  async #turn(): Promise<void> {
    const { hub, fanOut, store, clock } = this.#deps;
    const logs = [...slice(hub.logs.values(), this.#nextLog)];
    const users = [...slice(hub.userNames(), this.#nextUser)];
    this.#nextLog = logs.length < MOST_A_TURN ? 0 : this.#nextLog + MOST_A_TURN;
    this.#nextUser = users.length < MOST_A_TURN ? 0 : this.#nextUser + MOST_A_TURN;
    const names = [...logs.map((live) => live.name), ...users.map(inboxLog)];
    if (names.length === 0) return;
    const heads = (await store.states(names)).map(({ head }) => head);
    const lateLogs = () => logs.filter((live, index) => isBehind(live, heads[index] ?? 0));
    const lateUsers = () =>
      users.filter((user, index) => toldOf(hub.connectionsOf(user)) < (heads[logs.length + index] ?? 0));
    if (lateLogs().length + lateUsers().length === 0) return;
    await new Promise<void>((resolve) => clock.after(GRACE_MS, resolve));
    await Promise.all([
      ...lateLogs().map((live) => fanOut.repair(live)),
      ...lateUsers().map((user) => fanOut.repairInbox(user, toldOf(hub.connectionsOf(user)))),
    ]);
  }
}

function* slice<T>(all: Iterable<T>, from: number): Generator<T> {
  let index = 0;
  for (const one of all) {
    if (index >= from + MOST_A_TURN) return;
    if (index++ >= from) yield one;
  }
}

function isBehind(live: LiveLog, head: number): boolean {
  const { position } = live.sequencer;
  return position !== null && position < head;
}

/** The inbox position up to which every connection was told; infinity when none waits for any. */
function toldOf(connections: readonly Connection[]): number {
  return connections.reduce(
    (least, { inboxHead }) => (inboxHead === null ? least : Math.min(least, inboxHead)),
    Number.POSITIVE_INFINITY,
  );
}

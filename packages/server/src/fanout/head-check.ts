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
/** Logs, and users, looked at in one turn; of more than these a part, so that all were looked at after some turns. */
const FEW = 500;
const TURNS_FOR_ALL = 5;

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
    const [logs, nextLog] = part([...hub.logs.values()], this.#nextLog);
    const [users, nextUser] = part([...hub.userNames()], this.#nextUser);
    this.#nextLog = nextLog;
    this.#nextUser = nextUser;
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

/** What is looked at in this turn, and where the next one begins. */
function part<T>(all: readonly T[], from: number): readonly [readonly T[], number] {
  const to = from + Math.max(FEW, Math.ceil(all.length / TURNS_FOR_ALL));
  return [all.slice(from, to), to < all.length ? to : 0];
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

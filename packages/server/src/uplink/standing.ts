import { type Command, type Store, StoreUnavailableError } from '@konferenco/core';
import type { Log } from '../observability/log.ts';
import type { JournalSpan, MirrorPosition } from './handshake.ts';
import {
  JOURNAL,
  journaled,
  MIRROR_ROWS,
  ORIGIN,
  type OriginRow,
  POSITION,
  type PositionRow,
  UPLINK_ROWS,
} from './journal.ts';

type Rows = NonNullable<Command['changes']>;

/** A server without an uplink keeps no journal: from then on an older mirror cannot follow it any more. */
export async function endUplink(store: Store, log: Pick<Log, 'warn'>): Promise<void> {
  const origin = await store.get(UPLINK_ROWS, ORIGIN);
  const changes = [...(origin ? [drop(UPLINK_ROWS, ORIGIN)] : []), ...(await formerMirror(store))];
  if (changes.length === 0) return;
  await store.commit([{ changes }]);
  log.warn('started without an uplink: a mirror of before needs a new copy of the data folder');
}

/**
 * Begins the journal of a venue, or goes on with it.
 *
 * @param fresh whether nothing was ever committed to this store
 */
export async function beginJournal(
  store: Store,
  { fresh, id, now }: { readonly fresh: boolean; readonly id: string; readonly now: number },
): Promise<void> {
  const former = await formerMirror(store);
  const known = await store.get(UPLINK_ROWS, ORIGIN);
  if (known && former.length === 0) return;
  const from = (await headOf(store)) + 1;
  const row: OriginRow = { from, whole: fresh && from === 1 };
  const command = { changes: [{ collection: UPLINK_ROWS, key: ORIGIN, value: row }, ...former] };
  await store.commit([journaled(command, { id, now })]);
}

/** What the journal can bring a mirror to. */
export async function spanOf(store: Store): Promise<JournalSpan> {
  const origin = (await store.get(UPLINK_ROWS, ORIGIN))?.value as OriginRow | undefined;
  const [state] = await store.states([JOURNAL]);
  if (!origin || !state) throw new StoreUnavailableError('the journal has no beginning');
  return { epoch: store.epoch, from: origin.from, isWhole: origin.whole, first: state.first, head: state.head };
}

/**
 * How far a mirror is. A copy of a venue's data folder stands where that venue's journal ended.
 *
 * @param hasKeys whether its folder holds keys: then it is not empty
 * @throws {StoreUnavailableError} when what lies there can follow no venue
 */
export async function standingOf(store: Store, hasKeys: boolean): Promise<MirrorPosition> {
  const row = (await store.get(MIRROR_ROWS, POSITION))?.value as PositionRow | undefined;
  if (row) {
    if (row.own === store.epoch) return { position: row.offset, epoch: row.epoch };
    throw new StoreUnavailableError(`the mirror lost a part of its copy: ${NEW_COPY}`);
  }
  if (await store.get(UPLINK_ROWS, ORIGIN)) return { position: await headOf(store), epoch: store.epoch };
  if (!hasKeys) return { position: 0, epoch: null };
  throw new StoreUnavailableError(
    `what lies there is no mirror, and no copy of a venue that had KONFERENCO_UPLINK_URL set when it was copied: ${NEW_COPY}`,
  );
}

const NEW_COPY = 'empty its data folder and put a copy of the venue’s there (docs/guides/run-a-venue-edge.md)';

async function headOf(store: Store): Promise<number> {
  const [state] = await store.states([JOURNAL]);
  return state?.head ?? 0;
}

async function formerMirror(store: Store): Promise<Rows> {
  return (await store.get(MIRROR_ROWS, POSITION)) ? [drop(MIRROR_ROWS, POSITION)] : [];
}

function drop(collection: string, key: string): Rows[number] {
  return { collection, key, value: null };
}

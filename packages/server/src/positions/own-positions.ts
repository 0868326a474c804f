import type { KeptPosition, PositionConsent, StoredEntry } from '@konferenco/core';
import { directLog, type Envelope, TAXONOMY } from '@konferenco/protocol';
import { tell } from '../accounts/change.ts';
import type { Context } from '../accounts/context.ts';
import type { PositionKeeper } from './keeper.ts';
import { isPosition } from './position-of.ts';

/** A person, and the device they speak from. */
export interface Own {
  readonly user: string;
  readonly device: string;
}

/** Clocks of nodes differ: what is taken in the moment after an erasure is left out with what came before it. */
const SKEW_MS = 2_000;
const PAGE = { limit: 500, max_bytes: 1_048_576 };
/** Positions stay in their log for an hour; older entries need no look. */
const IN_LOG_MS = TAXONOMY.location.position_update.retention_s * 1_000;

/** Records that this person wants their positions kept. @returns the consent that stands @throws {StoreUnavailableError} */
export async function allowPositions(context: Context, keeper: PositionKeeper, own: Own): Promise<PositionConsent> {
  const consent = await keeper.positions.allow(own.user, { given_at: context.clock.now(), device: own.device });
  consentChanged(context, keeper, own.user);
  return consent;
}

/** Ends the consent and erases every position of this person. @throws {StoreUnavailableError} call it again */
export async function withdrawPositions(context: Context, keeper: PositionKeeper, user: string): Promise<void> {
  await keeper.positions.withdraw(user, context.clock.now());
  consentChanged(context, keeper, user);
  await erasePositionsInLog(context, user);
}

/** Erases every position of this person; new ones are kept as before. @throws {StoreUnavailableError} call it again */
export async function erasePositions(context: Context, keeper: PositionKeeper, user: string): Promise<void> {
  await keeper.positions.erase(user, context.clock.now() + SKEW_MS);
  await erasePositionsInLog(context, user);
}

export interface PositionsRequest {
  readonly user: string;
  /** Unix ms; [from, to). */
  readonly from: number;
  readonly to: number;
  readonly after?: Pick<KeptPosition, 'at' | 'id'>;
  readonly limit: number;
}

/** Where this person was, a page at a time, and whether they let it be kept. @throws {StoreUnavailableError} */
export async function readPositions(
  keeper: PositionKeeper,
  request: PositionsRequest,
): Promise<{
  readonly consent: PositionConsent | null;
  readonly items: readonly KeptPosition[];
  readonly more: boolean;
}> {
  // What this node still holds is part of the answer.
  await keeper.flush();
  const [consent, found] = await Promise.all([
    keeper.positions.consent(request.user),
    keeper.positions.read({ ...request, limit: request.limit + 1 }),
  ]);
  return { consent, items: found.slice(0, request.limit), more: found.length > request.limit };
}

/** The other nodes look again, too. The person's own devices hear of it as of any change of their account. */
function consentChanged(context: Context, keeper: PositionKeeper, user: string): void {
  keeper.changed(user);
  tell(context, [{ kind: 'changed', what: 'profile', id: user, user }]);
}

/** Blanks the positions of the last hour in the person's own log. */
async function erasePositionsInLog({ store, clock }: Context, user: string): Promise<void> {
  const log = directLog(user, user);
  const oldest = clock.now() - IN_LOG_MS;
  let before: number | undefined;
  for (;;) {
    const page = await store.read(log, { ...PAGE, ...(before === undefined ? {} : { before }) });
    const erases = page.entries.filter(isPositionEntry).map(({ offset }) => ({ log, offset }));
    if (erases.length > 0) await store.commit([{ erases }]);
    const [first] = page.entries;
    if (!first || !page.has_more || first.at < oldest) return;
    before = first.offset;
  }
}

function isPositionEntry({ envelope }: StoredEntry): boolean {
  return envelope !== null && isPosition(JSON.parse(envelope) as Envelope);
}

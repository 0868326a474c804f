import { offsetIn } from '@konferenco/core';
import { LIMITS, type SyncDocument, type SyncNamespace } from '@konferenco/protocol';
import type { Context } from '../accounts/context.ts';
import { Refused } from '../accounts/refused.ts';
import { type DeltaOperation, logOfScope, readDelta, type Scope } from './delta.ts';
import { readSnapshot } from './snapshot.ts';

/** What a sync asks, over the socket or over REST. */
export interface SyncQuery {
  readonly namespace: SyncNamespace;
  readonly event?: string | undefined;
  readonly since_version?: string | undefined;
  readonly max_operations?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface SyncAnswer {
  readonly operations?: readonly DeltaOperation[];
  readonly snapshot?: { readonly documents: readonly SyncDocument[]; readonly cursor?: string };
  readonly new_version: string;
  readonly has_more: boolean;
}

/**
 * What changed since a version, or, where that is not known, everything in pages.
 *
 * @param max_bytes of the operations' envelopes or of the documents in one answer.
 * @throws {Refused} when the person may not read the scope. @throws {StoreUnavailableError}
 */
export async function answerSync(
  context: Context,
  user: string,
  query: SyncQuery,
  max_bytes: number,
): Promise<SyncAnswer> {
  const scope = scopeOf(user, query);
  const decision = await context.directory.mayRead(user, logOfScope(scope));
  if (decision !== 'ok') throw new Refused(decision);
  const { store, clock } = context;
  const { since_version = '', max_operations = LIMITS.sync_operations, cursor } = query;
  const after = cursor === undefined ? offsetIn(since_version, store.epoch) : null;
  if (after !== null) {
    const delta = await readDelta(store, scope, { after, max_operations, max_bytes, now: clock.now() });
    if (delta) return delta;
  }
  const { documents, new_version, ...rest } = await readSnapshot(context, scope, { cursor, max_bytes });
  return { snapshot: { documents, ...rest }, new_version, has_more: rest.cursor !== undefined };
}

/** The answer as JSON; envelopes go as they are stored. */
export function syncJson({ operations, ...answer }: SyncAnswer): string {
  const rest = JSON.stringify(answer);
  if (!operations) return rest;
  const items = operations.map(({ offset, at, envelope }) => `{"offset":${offset},"at":${at},"envelope":${envelope}}`);
  return `{"operations":[${items.join(',')}],${rest.slice(1)}`;
}

function scopeOf(user: string, { namespace, event }: SyncQuery): Scope {
  if (namespace === 'personal') return { namespace, user };
  if (event === undefined) throw new Refused('invalid', { detail: 'event' });
  return { namespace, event };
}

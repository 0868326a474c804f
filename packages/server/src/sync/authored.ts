import {
  adminRemovalsSeen,
  type Append,
  applyOperation,
  collectSet,
  type Command,
  type DocumentState,
  removalTags,
  setHas,
  viewFields,
  writtenAt,
} from '@konferenco/core';
import { type Envelope, type PersonalSet, type StateOperation, SYSTEM_ID } from '@konferenco/protocol';
import type { Context } from '../accounts/context.ts';
import { at, put, recordKey, type Versioned } from '../accounts/records.ts';
import { isSet, loadPersonal } from './personal-store.ts';
import { PERSONAL_DOCUMENTS } from './records.ts';
import { stateAppend } from './system.ts';

/** What a request other than an operation does to somebody's own state. */
export type Wish =
  | { readonly on: PersonalSet; readonly op: 'add'; readonly element: string }
  | { readonly on: PersonalSet; readonly op: 'remove'; readonly element: string; readonly admin?: true }
  | { readonly on: 'profile'; readonly op: 'set'; readonly field: string; readonly value: unknown };

/** Parts of a command, to be merged with the rest of it. */
export interface Authored {
  readonly requires: NonNullable<Command['requires']>;
  readonly changes: NonNullable<Command['changes']>;
  readonly appends: readonly Append[];
}

/** Whose state, and who does it: the person, or an organiser, whom the operation does not name. */
export interface Whose {
  readonly user: string;
  readonly by: string;
}

/**
 * The operations that make somebody's documents follow what a request does, so that their devices hear of it as of any
 * other operation. What is so already is not said again. The writer has seen everything that is stored.
 */
export async function author(context: Context, whose: Whose, wishes: readonly Wish[]): Promise<Authored> {
  const documents = [...new Set(wishes.map(({ on }) => on))];
  const parts = await Promise.all(
    documents.map(async (key) => {
      const known = await loadPersonal(context, whose.user, key);
      return authorOne(
        context,
        whose,
        known,
        wishes.filter(({ on }) => on === key),
      );
    }),
  );
  return {
    requires: parts.flatMap(({ requires }) => requires),
    changes: parts.flatMap(({ changes }) => changes),
    appends: parts.flatMap(({ appends }) => appends),
  };
}

function authorOne(
  context: Context,
  { user, by }: Whose,
  known: Versioned<DocumentState>,
  wishes: readonly Wish[],
): Authored {
  const now = context.clock.now();
  const appends: Append[] = [];
  let state = known.value;
  for (const wish of wishes) {
    const payload = operationOf(context, state, wish);
    if (!payload) continue;
    const from = by === user ? user : SYSTEM_ID;
    const append = stateAppend(user, from, { id: context.newId(), payload, now });
    state = applyOperation(wish.on, state, JSON.parse(append.envelope) as Envelope);
    appends.push(append);
  }
  const [first] = wishes;
  if (!first) return { requires: [], changes: [], appends };
  const key = recordKey(user, first.on);
  // What was found to be so already has to be so still when the rest of the command is carried out.
  if (!state || appends.length === 0)
    return { requires: [at(PERSONAL_DOCUMENTS, key, known.version)], changes: [], appends };
  return { appends, ...documentParts(context, key, known.version, state) };
}

/** The parts of a command that write a person's document; removals that nobody can miss any more are forgotten. */
export function documentParts(
  { clock }: Pick<Context, 'clock'>,
  key: string,
  version: number,
  state: DocumentState,
): Pick<Authored, 'requires' | 'changes'> {
  const kept = isSet(key.slice(key.indexOf('/') + 1)) ? collectSet(state, clock.now()) : state;
  return { requires: [at(PERSONAL_DOCUMENTS, key, version)], changes: [put(PERSONAL_DOCUMENTS, key, kept)] };
}

function operationOf({ replica }: Context, state: DocumentState | null, wish: Wish): StateOperation | null {
  if (wish.op === 'set') {
    const { on, op, field, value } = wish;
    if ((viewFields(state)[field] ?? null) === (value ?? null)) return null;
    return { on, op, field, value: value ?? null, ...replica.next(writtenAt(state, field)) };
  }
  const { on, element } = wish;
  const isIn = setHas(state, element);
  if (wish.op === 'add') {
    const seen = adminRemovalsSeen(state, element);
    return isIn ? null : { on, op: 'add', element, ...replica.next(), ...(seen.length > 0 ? { seen } : {}) };
  }
  const admin = wish.admin ? { admin: true as const } : {};
  return isIn ? { on, op: 'remove', element, tags: removalTags(state, element), ...replica.next(), ...admin } : null;
}

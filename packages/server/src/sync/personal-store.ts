import { type DocumentState, fieldsOf, kindOf, setOf } from '@konferenco/core';
import type { Context } from '../accounts/context.ts';
import {
  BLOCKS,
  lastPart,
  listAll,
  read,
  recordKey,
  USER_CHANNELS,
  USERS,
  type Versioned,
} from '../accounts/records.ts';
import { PERSONAL_DOCUMENTS } from './records.ts';
import { BEFORE_OPERATIONS } from './system.ts';

/** More than one set can hold. */
const MOST = 5_000;

/** The documents every person has, in the order of snapshots. */
export const PERSONAL_KEYS = ['attending', 'blocked', 'channels', 'favourites', 'profile', 'settings'] as const;

/**
 * A document of a person's sets and fields as it stands. What was recorded before the first operation on it (channels
 * joined, people blocked, the name) is its beginning.
 */
export async function loadPersonal(context: Context, user: string, key: string): Promise<Versioned<DocumentState>> {
  const known = await read(context.store, PERSONAL_DOCUMENTS, recordKey(user, key));
  return known.value ? known : { value: await beginning(context, user, key), version: 0 };
}

async function beginning({ store }: Context, user: string, key: string): Promise<DocumentState | null> {
  switch (key) {
    case 'blocked':
    case 'channels': {
      const rows = await listAll(store, key === 'blocked' ? BLOCKS : USER_CHANNELS, `${user}/`, MOST);
      return rows.length === 0
        ? null
        : setOf(
            rows.map((row) => lastPart(row.key)),
            BEFORE_OPERATIONS,
          );
    }
    case 'profile': {
      const { value } = await read(store, USERS, user);
      return value && fieldsOf({ name: value.name, about: value.about }, { at: 0, dot: BEFORE_OPERATIONS });
    }
    default:
      return null;
  }
}

/** Whether a document of this key is a set. */
export function isSet(key: string): boolean {
  return kindOf(key) === 'set';
}

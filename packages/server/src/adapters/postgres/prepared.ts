import type { Append, Command } from '@konferenco/core';
import { isUuidV7 } from '@konferenco/protocol';
import { assertWritable } from '../assert-writable.ts';

/** A row to write as its JSON text; `null` deletes. */
export interface PreparedChange {
  readonly collection: string;
  readonly key: string;
  readonly value: string | null;
}

/** A command whose every part is known to fit the database. */
export interface PreparedCommand {
  readonly appends: readonly Append[];
  readonly requires: NonNullable<Command['requires']>;
  readonly changes: readonly PreparedChange[];
  readonly erases: NonNullable<Command['erases']>;
}

const NONE: readonly never[] = [];

/**
 * Checks and prepares the commands of a call before they join a batch that they would spoil.
 * @throws {TypeError} when a part is missing, an id is no UUID v7, a change is no JSON, or a text holds what PostgreSQL cannot
 *   keep: U+0000 or half a surrogate pair
 */
export function prepareCommands(commands: readonly Command[]): PreparedCommand[] {
  assertWritable(commands);
  return commands.map(({ appends = NONE, requires = NONE, changes = NONE, erases = NONE }) => ({
    appends: appends.map(prepareAppend),
    requires: requires.map((row) => assertKey(row)),
    changes: changes.map((change) => {
      const { collection, key } = assertKey(change);
      const value = change.value === null || change.value === undefined ? null : JSON.stringify(change.value);
      return { collection, key, value: value ?? null };
    }),
    erases: erases.filter(({ offset }) => Number.isSafeInteger(offset)),
  }));
}

function prepareAppend(append: Append): Append {
  const { log, id, sender, envelope, thread, text, notify } = append;
  if (!isUuidV7(id)) throw new TypeError(`an append to ${log} has an id that is no UUID v7`);
  for (const part of [log, sender, envelope, thread ?? '', ...(notify?.map(({ user }) => user) ?? [])])
    assertText(part);
  return text === undefined || isStorable(text) ? append : { ...append, text: storable(text) };
}

function assertKey<K extends { readonly collection: string; readonly key: string }>(row: K): K {
  assertText(row.collection);
  assertText(row.key);
  return row;
}

function assertText(text: string): void {
  if (!isStorable(text)) throw new TypeError('a text holds U+0000 or half a surrogate pair and cannot be stored');
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Words to search in are no one's exact text: what cannot be kept in them separates words anyway. */
function storable(text: string): string {
  return text.replaceAll('\0', ' ').toWellFormed();
}

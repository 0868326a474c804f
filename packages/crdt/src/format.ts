import { isNode } from './dot.ts';
import { CrdtFormatError } from './errors.ts';
import { isTimestamp, type Timestamp } from './timestamp.ts';

/** Readers of untrusted states. Each throws {@link CrdtFormatError} that says where the state is malformed. */

export const STATE_VERSION = 1;

export function readState(state: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof state !== 'object' || state === null || Array.isArray(state)) throw malformed(what, 'no object');
  const version = (state as { readonly v?: unknown }).v;
  if (version !== STATE_VERSION) throw malformed(what, `version ${JSON.stringify(version)}, known is ${STATE_VERSION}`);
  return state as Readonly<Record<string, unknown>>;
}

export function readList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(what, 'no list');
  return value;
}

export function readString(value: unknown, what: string): string {
  if (typeof value !== 'string') throw malformed(what, 'no text');
  return value;
}

/** An integer from 0. */
export function readCount(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw malformed(what, 'no count');
  return value as number;
}

export function readTimestamp(value: unknown, what: string): Timestamp {
  if (!isTimestamp(value)) throw malformed(what, 'no timestamp');
  return value;
}

export function readStrings(value: unknown, what: string): readonly string[] {
  return readList(value, what).map((item) => readString(item, what));
}

export function readNodes(value: unknown, what: string): readonly string[] {
  const nodes = readList(value, what);
  for (const node of nodes) if (!isNode(node)) throw malformed(what, 'no node id');
  return nodes as readonly string[];
}

export function readIndexed(list: readonly string[], index: unknown, what: string): string {
  const item = Number.isSafeInteger(index) ? list[index as number] : undefined;
  if (item === undefined) throw malformed(what, 'an index out of range');
  return item;
}

export function malformed(what: string, why: string): CrdtFormatError {
  return new CrdtFormatError(`malformed ${what}: ${why}`);
}

import type { BusRecord, Interest, LiveEntry } from '../ports/bus.ts';
import type { Pointer, PointerReason } from '../ports/store.ts';
import { inboxLog } from '@konferenco/protocol';

/** The form of a message on the bus: `{"v":1,"records":[…]}`. A node ignores forms it does not know. */
const VERSION = 1;
const HEAD = `{"v":${VERSION},"records":[`;
const TAIL = ']}';
/** Bytes of a message beside its records and the commas between them. */
export const BUS_MESSAGE_OVERHEAD = HEAD.length + TAIL.length;

/** A message of records, each already in its JSON form. */
export function encodeBusMessage(records: readonly string[]): string {
  return HEAD + records.join(',') + TAIL;
}

export function encodeBusRecord(record: BusRecord): string {
  return JSON.stringify(record);
}

/**
 * What of a record goes to those who asked for `interest`. An inbox gets that user's pointers, a log none: a node that asked
 * for both receives the entry twice, and each pointer once.
 */
export function busCopyFor(record: BusRecord, interest: Interest): BusRecord {
  if (record.kind !== 'entry') return record;
  return { ...record, pointers: record.pointers.filter(({ user }) => inboxLog(user) === interest) };
}

export interface Decoded {
  readonly records: readonly BusRecord[];
  /** Records of a kind or form that this version does not know. */
  readonly unknown: number;
  /** Whether the message, or a record of it, is none of any version. */
  readonly malformed: number;
}

const NOTHING: readonly BusRecord[] = [];

/** Takes a message apart. Never throws: a bus may be shared with other versions, and with strangers. */
export function decodeBusMessage(text: string): Decoded {
  const message = parse(text);
  if (!isObject(message) || typeof message['v'] !== 'number') return { records: NOTHING, unknown: 0, malformed: 1 };
  const list = message['records'];
  if (message['v'] !== VERSION)
    return { records: NOTHING, unknown: Array.isArray(list) ? list.length : 1, malformed: 0 };
  if (!Array.isArray(list)) return { records: NOTHING, unknown: 0, malformed: 1 };
  const records: BusRecord[] = [];
  let unknown = 0;
  let malformed = 0;
  for (const value of list as readonly unknown[]) {
    const kind = isObject(value) ? value['kind'] : undefined;
    const check = isText(kind) ? CHECKS.get(kind) : undefined;
    if (!isObject(value) || !isText(kind)) malformed++;
    else if (!check) unknown++;
    else if (check(value)) records.push(value as unknown as BusRecord);
    else malformed++;
  }
  return { records, unknown, malformed };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

type Check = (record: Fields) => boolean;

/** Whether a record has the fields that those who receive its kind read without looking. A kind that is not here is unknown. */
const READABLE = {
  entry: ({ log, entry, pointers }) => isText(log) && isEntry(entry) && isListOf(pointers, isPointer),
  transient: ({ log, envelope, key, to }) => isText(log) && isText(envelope) && isText(key) && isTextOrAbsent(to),
  presence: ({ node, user }) => isText(node) && isText(user),
  roster: ({ node, to, leases }) => isText(node) && isText(to) && isListOf(leases, isObject),
  crowd: ({ node, channel, version, count, present }) =>
    isText(node) &&
    isText(channel) &&
    isCount(version) &&
    isCount(count) &&
    isNullOr(present, (list) => isListOf(list, isObject)),
  who: ({ node, users }) => isText(node) && isListOf(users, isText),
  watched: ({ node, channel }) => isText(node) && isText(channel),
  changed: ({ what, id, user, event }) => isText(what) && isText(id) && isTextOrAbsent(user) && isTextOrAbsent(event),
  revoked: ({ user, session, reason }) => isText(user) && isTextOrAbsent(session) && isText(reason),
  claim: ({ node, start, started_at, to }) =>
    isText(node) && isText(start) && isCount(started_at) && isNullOr(to, isText),
  node: ({ report }) => isObject(report),
  drain: ({ node, reason }) => isText(node) && isNullOr(reason, isText),
} as const satisfies Record<BusRecord['kind'], Check>;

const CHECKS: ReadonlyMap<string, Check> = new Map(Object.entries(READABLE));
const REASONS: ReadonlySet<unknown> = new Set<PointerReason>(['direct', 'mention', 'notice', 'state']);

function isEntry(value: unknown): value is LiveEntry {
  return (
    isObject(value) &&
    isCount(value['offset']) &&
    isCount(value['at']) &&
    isCount(value['rank']) &&
    isText(value['envelope'])
  );
}

function isPointer(value: unknown): value is Pointer {
  return isObject(value) && isText(value['user']) && isCount(value['inbox']) && REASONS.has(value['reason']);
}

function isListOf(value: unknown, check: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(check);
}

function isNullOr(value: unknown, check: (one: unknown) => boolean): boolean {
  return value === null || check(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || isText(value);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

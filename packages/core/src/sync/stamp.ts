import type { DocumentState } from './document.ts';

/** When something was written (hybrid timestamp: Unix ms × 256 + counter), and by which operation. */
export interface Stamp {
  readonly at: number;
  /** `replica:sequence`. */
  readonly dot: string;
}

/** A register: the last writer's value and stamp. */
export interface Written<Value> extends Stamp {
  readonly value: Value;
}

export type Registers<Value> = Readonly<Record<string, Written<Value>>>;

/** The version of every document state's form. */
export const FORM = 1;

/** Counts of one hybrid millisecond. */
const PER_MS = 256;

/** Unix ms of a hybrid timestamp. */
export function msOf(at: number): number {
  return Math.floor(at / PER_MS);
}

/** The hybrid timestamp that begins at `ms`. */
export function hybridOf(ms: number): number {
  return ms * PER_MS;
}

/** Positive when `a` was written after `b`. The dot decides between equal times, so that everybody decides alike. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.at - b.at || compareTexts(a.dot, b.dot);
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What `record` holds itself under `key`; names such as `constructor` are ordinary keys here. */
export function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** `registers` with `written` under `name`, unless something later stands there. */
export function write<Value>(registers: Registers<Value>, name: string, written: Written<Value>): Registers<Value> {
  const stands = own(registers, name);
  return stands && !replaces(written, stands) ? registers : { ...registers, [name]: written };
}

/** One dot names one operation; should two bear it all the same, the values decide, again alike everywhere. */
function replaces(written: Written<unknown>, stands: Written<unknown>): boolean {
  const order = compareStamps(written, stands);
  return order > 0 || (order === 0 && JSON.stringify(written.value) > JSON.stringify(stands.value));
}

/** `record` without `key`. */
export function without<Value>(record: Readonly<Record<string, Value>>, key: string): Readonly<Record<string, Value>> {
  const { [key]: _, ...rest } = record;
  return rest;
}

/** A state as its document's own type. Every state of that document was written by this package. */
export function formOf<State extends DocumentState>(state: DocumentState | null, empty: State): State {
  return (state as State | null) ?? empty;
}

import { CrdtFormatError, CrdtLimitError } from './errors.ts';

/**
 * Keys between keys, for stores that sort rows by a text column.
 *
 * A key is a path of steps; a step is an integer of variable length followed by three jitter characters, all in base 62,
 * written so that keys sort as the paths do (by UTF-16 units, as databases sort bytes). Before, after and between any two
 * keys there is room for ever: a neighbouring integer when there is one, one more step when there is none. So a run of n
 * keys laid one after another, in either direction and anywhere, grows by log n characters and not by n.
 *
 * The jitter keeps two replicas that choose a key for the same place from choosing the same one (1 in 238,328). Keys
 * alone do not keep apart the runs that two people write at one place: no scheme of bare keys does (Nédelec et al.: "LSEQ",
 * DocEng 2013; the anomaly: Kleppmann et al.: "Interleaving anomalies in collaborative text editors", PaPoC 2019). Where
 * that matters the order comes from {@link import('./rga-sequence.ts').RGASequence}, and keys follow it.
 */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = 62;
const JITTER_LENGTH = 3;
const JITTER_STATES = BASE ** JITTER_LENGTH;
/** Digits of a step's integer at the most; one that is not negative has the head a…g, a negative one Z…T. */
const MAX_DIGITS = 7;
const FIRST_HEAD = 'a'.charCodeAt(0);
const FIRST_NEGATIVE_HEAD = 'Z'.charCodeAt(0);
/** `STARTS[n]`: how many integers from 0 have fewer than n + 1 digits. */
const STARTS = [0, 1, 2, 3, 4, 5, 6, 7].map((digits) => (BASE * (BASE ** digits - 1)) / (BASE - 1));
const GREATEST = (STARTS[MAX_DIGITS] ?? 0) - 1;
const LEAST = -GREATEST - 1;
const MAX_KEY_LENGTH = 65_536;

interface Step {
  readonly integer: number;
  readonly jitter: number;
}

/**
 * A key that sorts after `a` and before `b`; `null` is the beginning or the end. `jitter`: random numbers from 0 to below 1.
 *
 * @throws {CrdtFormatError} `a` or `b` is no key, or `a` does not sort before `b`.
 * @throws {CrdtLimitError} the key would be longer than 64 Ki characters.
 */
export function keyBetween(a: string | null, b: string | null, jitter: () => number): string {
  if (a !== null && b !== null && a >= b) throw new CrdtFormatError('the first key does not sort before the second');
  const after = a === null ? null : parseKey(a);
  const before = b === null ? null : parseKey(b);
  const fresh = (integer: number): Step => ({ integer, jitter: Math.floor(jitter() * JITTER_STATES) });
  const key = printKey(pathBetween(after, before, fresh));
  if (key.length > MAX_KEY_LENGTH) throw new CrdtLimitError('a key has grown too long');
  return key;
}

/** Whether `text` is a key: what {@link keyBetween} takes. */
export function isKey(text: string): boolean {
  return stepsOf(text) !== null;
}

type Fresh = (integer: number) => Step;

function pathBetween(after: readonly Step[] | null, before: readonly Step[] | null, fresh: Fresh): readonly Step[] {
  if (after === null) return before === null ? [fresh(0)] : pathBefore(before, fresh);
  if (before === null) return pathAfter(after, fresh);
  let shared = 0;
  while (shared < after.length && sameStep(after[shared], before[shared])) shared += 1;
  const common = after.slice(0, shared);
  const low = after[shared];
  if (low === undefined) return [...common, ...pathBefore(before.slice(shared), fresh)];
  const high = before[shared];
  if (high !== undefined && high.integer - low.integer > 1) return [...common, fresh(low.integer + 1)];
  return [...common, low, ...pathAfter(after.slice(shared + 1), fresh)];
}

function pathAfter(path: readonly Step[], fresh: Fresh): readonly Step[] {
  const [first, ...rest] = path;
  if (!first) return [fresh(0)];
  return first.integer < GREATEST ? [fresh(first.integer + 1)] : [first, ...pathAfter(rest, fresh)];
}

/** The least integer is only ever a floor that further steps stand on, so that there is always room below. */
function pathBefore(path: readonly Step[], fresh: Fresh): readonly Step[] {
  const [first, ...rest] = path;
  if (!first) return [];
  if (first.integer > LEAST + 1) return [fresh(first.integer - 1)];
  return first.integer > LEAST ? [fresh(LEAST), fresh(0)] : [first, ...pathBefore(rest, fresh)];
}

function sameStep(a: Step | undefined, b: Step | undefined): boolean {
  return a !== undefined && b !== undefined && a.integer === b.integer && a.jitter === b.jitter;
}

function printKey(path: readonly Step[]): string {
  return path.map(({ integer, jitter }) => printInteger(integer) + printDigits(jitter, JITTER_LENGTH)).join('');
}

function printInteger(integer: number): string {
  const magnitude = integer < 0 ? -integer - 1 : integer;
  const digits = STARTS.findIndex((start) => magnitude < start);
  const rest = magnitude - (STARTS[digits - 1] ?? 0);
  if (integer >= 0) return String.fromCharCode(FIRST_HEAD + digits - 1) + printDigits(rest, digits);
  return String.fromCharCode(FIRST_NEGATIVE_HEAD - digits + 1) + printDigits(BASE ** digits - 1 - rest, digits);
}

function printDigits(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let place = 0; place < length; place += 1) {
    text = DIGITS.charAt(rest % BASE) + text;
    rest = Math.floor(rest / BASE);
  }
  return text;
}

function parseKey(key: string): readonly Step[] {
  const steps = stepsOf(key);
  if (!steps) throw new CrdtFormatError(`not a key: ${JSON.stringify(String(key).slice(0, 80))}`);
  return steps;
}

function stepsOf(key: string): readonly Step[] | null {
  if (key === '' || key.length > MAX_KEY_LENGTH) return null;
  const steps: Step[] = [];
  for (let at = 0; at < key.length; ) {
    const head = key.charCodeAt(at);
    const negative = head <= FIRST_NEGATIVE_HEAD;
    const digits = negative ? FIRST_NEGATIVE_HEAD - head + 1 : head - FIRST_HEAD + 1;
    if (digits < 1 || digits > MAX_DIGITS) return null;
    const rest = parseDigits(key, at + 1, digits);
    const jitter = parseDigits(key, at + 1 + digits, JITTER_LENGTH);
    if (rest < 0 || jitter < 0) return null;
    const start = STARTS[digits - 1] ?? 0;
    steps.push({ integer: negative ? -(start + BASE ** digits - 1 - rest) - 1 : start + rest, jitter });
    at += 1 + digits + JITTER_LENGTH;
  }
  return steps.at(-1)?.integer === LEAST ? null : steps;
}

/** The number that `length` characters from `at` write, or -1. */
function parseDigits(key: string, at: number, length: number): number {
  let value = 0;
  for (let index = at; index < at + length; index += 1) {
    const digit = index < key.length ? DIGITS.indexOf(key.charAt(index)) : -1;
    if (digit < 0) return -1;
    value = value * BASE + digit;
  }
  return value;
}

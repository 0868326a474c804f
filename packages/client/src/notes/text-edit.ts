/** Part of a text: UTF-16 units from `from` to before `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The text in `range` makes way for `insert`. */
export interface TextEdit extends Range {
  readonly insert: string;
}

/** How a text became another, as Yjs tells it: parts kept, put in and taken out, in the order of the text. */
export type TextDelta = readonly { readonly retain?: number; readonly insert?: unknown; readonly delete?: number }[];

/** The shortest single edit that makes `before` into `after`; `null` when they are the same. No surrogate pair is cut. */
export function smallestEdit(before: string, after: string): TextEdit | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  if (isHigh(before, start - 1)) start--;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  if (end > 0 && isLow(before, before.length - end)) end--;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}

/** Where a position is after the change; text put in right there comes after it. */
export function movedPosition(position: number, delta: TextDelta): number {
  let old = 0;
  let now = position;
  for (const part of delta) {
    if (old >= position) break;
    if (part.retain !== undefined) old += part.retain;
    else if (part.delete !== undefined) {
      now -= Math.min(part.delete, position - old);
      old += part.delete;
    } else now += lengthOf(part.insert);
  }
  return now;
}

/** What is left of a range after the change, without what the change put into it. */
export function survivingRanges({ from, to }: Range, delta: TextDelta): readonly Range[] {
  const ranges: Range[] = [];
  let old = 0;
  let now = 0;
  const keep = (length: number) => {
    const start = Math.max(from, old);
    const end = Math.min(to, old + length);
    if (start < end) ranges.push({ from: now + start - old, to: now + end - old });
    old += length;
    now += length;
  };
  for (const part of delta) {
    if (part.retain !== undefined) keep(part.retain);
    else if (part.delete !== undefined) old += part.delete;
    else now += lengthOf(part.insert);
  }
  keep(Number.MAX_SAFE_INTEGER / 2);
  return ranges;
}

/** Cuts a text into pieces of at most `max` UTF-16 units, never through a surrogate pair. */
export function pieces(text: string, max: number): readonly string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + max, text.length);
    if (end < text.length && isHigh(text, end - 1)) end--;
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts;
}

function lengthOf(insert: unknown): number {
  return typeof insert === 'string' ? insert.length : 1;
}

function isHigh(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit < 0xe000;
}

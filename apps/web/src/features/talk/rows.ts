import type { Message, TimelineEntry, TimelineGap } from '@konferenco/client';

/** One line of the list that a timeline is shown as. Keys are stable, so that the list keeps its place when others come. */
export type Row =
  | { readonly kind: 'older'; readonly key: string }
  | { readonly kind: 'start'; readonly key: string }
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'new'; readonly key: string }
  | { readonly kind: 'gap'; readonly key: string; readonly gap: TimelineGap }
  /** `first`: shown with its sender, because somebody else spoke before or time passed. */
  | { readonly kind: 'message'; readonly key: string; readonly message: Message; readonly first: boolean };

export interface RowOptions {
  readonly me: string;
  /** Whether there is something before the timeline; `null`: not told, so neither is said. */
  readonly hasOlder: boolean | null;
  /** Read up to this offset when the conversation was opened; `null` draws no line. */
  readonly read: number | null;
}

/** A pause after which the sender is named again. */
const GROUP_MS = 5 * 60_000;

/** Turns a timeline into rows: days, the line above what is new, and messages grouped by sender. Linear in its length. */
export function buildRows(timeline: readonly TimelineEntry[], options: RowOptions): readonly Row[] {
  const rows: Row[] = [];
  if (options.hasOlder !== null)
    rows.push(options.hasOlder ? { kind: 'older', key: 'older' } : { kind: 'start', key: 'start' });
  let before: Message | null = null;
  let dayEnds = Number.NEGATIVE_INFINITY;
  let dayStarts = Number.POSITIVE_INFINITY;
  let marked = options.read === null;
  let said = false;
  for (const entry of timeline) {
    if (entry.kind === 'gap') {
      rows.push({ kind: 'gap', key: `gap:${entry.from}`, gap: entry });
      before = null;
      continue;
    }
    if (entry.timestamp >= dayEnds || entry.timestamp < dayStarts) {
      [dayStarts, dayEnds] = localDay(entry.timestamp);
      rows.push({ kind: 'day', key: `day:${entry.id}`, at: entry.timestamp });
      before = null;
    }
    if (!marked && isNew(entry, options)) {
      marked = true;
      // Where everything is new, a line above it all says nothing.
      if (options.hasOlder === true || said) {
        rows.push({ kind: 'new', key: 'new' });
        before = null;
      }
    }
    said = true;
    rows.push({ kind: 'message', key: entry.id, message: entry, first: before === null || startsGroup(entry, before) });
    before = entry;
  }
  return rows;
}

function isNew(message: Message, { me, read }: RowOptions): boolean {
  return message.offset !== null && read !== null && message.offset > read && message.sender !== me;
}

function startsGroup(message: Message, before: Message): boolean {
  return (
    message.sender !== before.sender ||
    message.timestamp - before.timestamp > GROUP_MS ||
    message.reply_to !== undefined
  );
}

/** First and past-the-end instants of the reader's calendar day around `at`. */
function localDay(at: number): [number, number] {
  const start = new Date(at);
  start.setHours(0, 0, 0, 0);
  const end = new Date(start);
  end.setDate(end.getDate() + 1);
  return [start.getTime(), end.getTime()];
}

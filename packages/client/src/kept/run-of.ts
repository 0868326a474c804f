import type { Gap, InboxItem, Item } from '@konferenco/protocol';
import type { Delivery } from '../log-cursor.ts';

/** The last word on a stretch: its entries, and what is gone for good. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly gaps: readonly Gap[];
}

/** A page as the last word on `from` to `to`: what it passes over is gone. */
export function runOfPage(items: readonly Item[], from: number, to: number, gap?: Gap): Run {
  const gaps: Gap[] = [];
  let next = from;
  const passOver = (end: number) => {
    if (end >= next)
      gaps.push({ from: next, to: end, reason: gap && gap.from <= end && gap.to >= next ? gap.reason : 'damage' });
  };
  for (const { offset } of items) {
    passOver(offset - 1);
    next = offset + 1;
  }
  passOver(to);
  return { from, to, gaps };
}

/** What was delivered in order, as stretches without a hole: a hole is what the server skipped. */
export function runsOf(due: readonly Delivery<Item | InboxItem>[]): readonly { items: Item[]; run: Run }[] {
  const runs: { items: Item[]; run: Run & { to: number; gaps: Gap[] } }[] = [];
  let isOpen = false;
  for (const delivery of due) {
    const [from, to] =
      delivery.kind === 'item' ? [delivery.position, delivery.position] : [delivery.gap.from, delivery.gap.to];
    const reason = delivery.kind === 'gap' ? delivery.gap.reason : null;
    if (reason === 'skipped') {
      isOpen = false;
      continue;
    }
    if (!isOpen) runs.push({ items: [], run: { from, to, gaps: [] } });
    isOpen = true;
    const last = runs.at(-1);
    if (!last) continue;
    last.run = { ...last.run, to };
    if (delivery.kind === 'item') last.items.push(delivery.item);
    else if (reason) last.run.gaps.push({ from, to, reason });
  }
  return runs;
}

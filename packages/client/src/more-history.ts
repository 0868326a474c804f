import { type Item, LIMITS } from '@konferenco/protocol';
import type { PagesOptions } from './pages.ts';
import type { ThreadOptions } from './thread.ts';
import type { TimelineGap } from './types.ts';

// What a conversation needs of its history beside the newest pages: loaded with the first gap or thread.

/** Replies loaded at most: a thread longer than this shows its newest. */
const PAGES_MAX = 10;
/** Entries of the conversation looked through for replies kept on this device. */
const LOOKED_MAX = 2_000;

/**
 * Fetches the entries of a gap, page by page; what is still missing then will not come. Rejects with a KonferencoError.
 *
 * @param isCurrent whether offsets still mean what they did
 */
export async function fillGap(gap: TimelineGap, options: PagesOptions, isCurrent: () => boolean): Promise<void> {
  const { wire, log, replica, kept, changed } = options;
  let after = gap.from - 1;
  while (after < gap.to) {
    const page = await wire.ask('history', { log, after, limit: Math.min(LIMITS.page, gap.to - after) });
    if (!isCurrent()) return;
    const items = page.items.filter((item) => item.offset <= gap.to);
    replica.insert(items);
    changed();
    const last = items.at(-1)?.offset;
    kept().putPage({ items, from: after + 1, to: last ?? gap.to, gap: page.gap });
    if (last === undefined || !page.has_more) break;
    after = last;
  }
  replica.gaps.remove(gap);
}

/** Takes the replies from the server into the conversation. Rejects with a KonferencoError. */
export async function loadReplies({ wire, log, root, replica, kept }: ThreadOptions): Promise<void> {
  let before: number | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await wire.ask('history', {
      log,
      thread: root,
      limit: LIMITS.page,
      ...(before === undefined ? {} : { before }),
    });
    replica.insert(page.items);
    kept().put(page.items);
    before = page.items[0]?.offset;
    if (!page.has_more || before === undefined) return;
  }
}

/** Takes the replies from this device, and what corrects them; true when anything is kept of where the thread is. */
export async function loadKeptReplies({ kept, replica, root }: ThreadOptions): Promise<boolean> {
  const first = replica.message(root)?.offset ?? null;
  if (first === null) return false;
  const replies = new Set<string>();
  const corrections: Item[] = [];
  const found: Item[] = [];
  let looked = 0;
  await kept().lookBack((items) => {
    for (const item of items) {
      if (item.envelope?.payload['thread'] === root || item.thread === root) found.push(item);
      else if (item.envelope?.payload['target'] !== undefined) corrections.push(item);
    }
    looked += items.length;
    return looked < LOOKED_MAX && (items[0]?.offset ?? 0) > first;
  });
  for (const { envelope, id } of found) replies.add(envelope?.id ?? id ?? '');
  replica.insert([...found, ...corrections.filter(({ envelope }) => replies.has(String(envelope?.payload['target'])))]);
  return true;
}

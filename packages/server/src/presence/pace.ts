/** Changes gather this long, so that a storm of them costs each watcher and each other node a few messages a second. */
export const GATHER_MS = 250;

/** The same where more than {@link MOST_NAMED} are in a channel. */
export const LARGE_GATHER_MS = 1_000;

/** Above this many people a channel shows its count and no names. */
export const MOST_NAMED = 200;

/** How often a node says again what it said, and asks again what it follows, in case a word was lost. */
export const REPEAT_MS = 30_000;

/** How often a node says everything of a channel again. */
export const PART_REPEAT_MS = 10_000;

/**
 * How long a node tells of a channel that it begins to hear, before anybody has said that they watch it: everything is said
 * twice in it, and with it the question who does.
 */
export const OFFER_MS = PART_REPEAT_MS + 2_000;

/** What nobody watches any more is followed for this long: whoever connects again watches it again. */
export const LINGER_MS = 30_000;

/**
 * How long the directory, back after it was away, is not taken for whole: nodes reach it again within 5 s, and write the leases
 * of 20,000 users within 10 s.
 */
export const REFILL_MS = 15_000;

/** How long a question waits for the bus to bring what happens from now on. */
export const FOLLOW_MS = 500;

/** Users whose change, and users whose renewal, one node tells in one gathering: 2,000 of each a second. */
export const MOST_TOLD = 500;

/** Users about whom one node asks in one gathering: 8,000 a second, and as many as in one gathering at once. */
export const MOST_ASKED = 2_000;

/** Users in one record on the bus, or one call of the directory. */
export const CHUNK = 500;

/** Presence frames one node sends a second; when there are more watchers, each gets them less often. */
export const MOST_FRAMES_S = 20_000;

/** `items` in parts of at most `size`. */
export function chunksOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const chunks: (readonly T[])[] = [];
  for (let i = 0; i < items.length; i += size) chunks.push(items.slice(i, i + size));
  return chunks;
}

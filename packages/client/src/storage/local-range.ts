import type { LocalRange } from './local-store.ts';

/** A range as two bounds, each a whole key. `upper` is never part of it; `null`: there is none. */
export interface KeyBounds {
  readonly lower: string;
  /** Whether `lower` itself is left out. */
  readonly lowerOpen: boolean;
  readonly upper: string | null;
}

const LAST_UNIT = 0xffff;

/** The least key that is greater than every key beginning with `prefix`; `null` when there is none. */
function afterPrefix(prefix: string): string | null {
  for (let end = prefix.length; end > 0; end--) {
    const unit = prefix.charCodeAt(end - 1);
    if (unit < LAST_UNIT) return prefix.slice(0, end - 1) + String.fromCharCode(unit + 1);
  }
  return null;
}

/** The bounds of a range in UTF-16 order; `null` when no key can be in it. */
export function boundsOf({ prefix, after, before }: Pick<LocalRange, 'prefix' | 'after' | 'before'>): KeyBounds | null {
  const lowerOpen = after !== undefined && after >= prefix;
  const lower = lowerOpen ? after : prefix;
  const end = afterPrefix(prefix);
  const upper = before === undefined || (end !== null && end < before) ? end : before;
  if (upper !== null && (lower >= upper || (lowerOpen && `${lower}\0` >= upper))) return null;
  return { lower, lowerOpen, upper };
}

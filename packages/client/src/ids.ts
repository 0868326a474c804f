import { createIdGenerator, type IdSource, LIMITS } from '@konferenco/protocol';

/**
 * Ids that increase, but follow the clock when it is put right: a device whose clock was ahead would otherwise go on
 * making ids from the future, which the server refuses.
 */
export function createIds(source: IdSource): () => string {
  let generate = createIdGenerator(source);
  let newest = 0;
  return () => {
    const now = source.now();
    if (now < newest - LIMITS.id_ahead_ms / 2) {
      generate = createIdGenerator(source);
      newest = now;
    }
    newest = Math.max(newest, now);
    return generate();
  };
}

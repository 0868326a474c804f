/** Connections come or gone after which their garbage is worth a collection. */
const STORM = 1_000;
/** How often it is looked, and the turnover within that time that counts as calm. */
const LOOK_MS = 2_000;
const CALM = 50;

/**
 * Collects garbage once after a storm of connections has passed. Left to itself the engine does so only when memory is next
 * asked for, so 10,000 idle connections keep what their upgrades left behind: 7.6 KB each against 4.2 KB. A collection takes
 * about 20 ms.
 *
 * @param turnover connections opened and closed since the start.
 * @returns what ends it.
 */
export function collectAfterStorms(turnover: () => number, collect: () => void): () => void {
  let seen = turnover();
  let collected = seen;
  const timer = setInterval(() => {
    const now = turnover();
    const isCalm = now - seen < CALM;
    seen = now;
    if (!isCalm || now - collected < STORM) return;
    collected = now;
    collect();
  }, LOOK_MS);
  return () => clearInterval(timer);
}

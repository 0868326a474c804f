import type { TlsMaterial } from '../adapters/tls.ts';
import { ConfigError } from '../config/load.ts';

/**
 * What `read` finds, found anew for each connection: drivers look at the properties when they connect, at the first time and at
 * each later one. So certificates that were replaced are used from the next connection on. Properties that are looked at in one
 * go are of one reading: a certificate is never paired with the key of another.
 *
 * @param read throws {ConfigError} for what cannot be used; the first time that passes on, later the last good material stays
 * @param onUnfit told why replaced files cannot be used, once for each reason until they can
 */
export function renewingTls(
  read: () => TlsMaterial | undefined,
  onUnfit: (problem: string) => void,
): TlsMaterial | undefined {
  let good = read();
  if (!good) return undefined;
  let isFresh = false;
  let told = '';
  const renew = () => {
    try {
      good = read();
      told = '';
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (error.message !== told) onUnfit(error.message);
      told = error.message;
    }
  };
  const current = () => {
    if (!isFresh) {
      isFresh = true;
      queueMicrotask(() => {
        isFresh = false;
      });
      renew();
    }
    return good;
  };
  return {
    get ca() {
      return current()?.ca;
    },
    get cert() {
      return current()?.cert;
    },
    get key() {
      return current()?.key;
    },
  };
}

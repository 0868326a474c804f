import type { KeyRing, KeyStore } from '../accounts/key-store.ts';

/** The venue's keys, as the mirror keeps them for the times without an uplink. Only the venue makes and changes them. */
export class MirrorKeys implements KeyStore {
  readonly #inner: KeyStore;

  /** @param inner where they lie */
  constructor(inner: KeyStore) {
    this.#inner = inner;
  }

  load(): Promise<KeyRing | null> {
    return this.#inner.load();
  }

  async create(): Promise<boolean> {
    return false;
  }

  async replace(): Promise<void> {
    throw new Error('keys are changed at the venue');
  }

  /** Keeps what the venue sent. */
  async take(ring: KeyRing): Promise<void> {
    if (JSON.stringify(await this.#inner.load()) === JSON.stringify(ring)) return;
    if (!(await this.#inner.create(ring))) await this.#inner.replace(ring);
  }
}

/** The venue's own keys; `told` hears of every change. */
export function toldKeys(inner: KeyStore, told: (ring: KeyRing) => void): KeyStore {
  return {
    load: () => inner.load(),
    async create(ring) {
      const isFirst = await inner.create(ring);
      if (isFirst) told(ring);
      return isFirst;
    },
    async replace(ring) {
      await inner.replace(ring);
      told(ring);
    },
  };
}

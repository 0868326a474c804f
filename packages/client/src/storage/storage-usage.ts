import type { LocalUsage } from './local-store.ts';

/** What the browser says of this origin's storage; `null` where it says nothing. */
export async function storageUsage(storage: StorageManager | undefined): Promise<LocalUsage> {
  const [estimate, persisted] = await Promise.all([storage?.estimate?.(), storage?.persisted?.()]);
  return { bytes: estimate?.usage ?? null, quota: estimate?.quota ?? null, persisted: persisted ?? false };
}

/**
 * Asks the browser not to evict this origin's storage when the device runs low; it may ask the person. Call it from a
 * gesture, best after the first message was written. Returns whether the browser promises it.
 */
export async function persistStorage(
  storage: StorageManager | undefined = globalThis.navigator?.storage,
): Promise<boolean> {
  if (!storage?.persist) return false;
  return (await storage.persisted()) || storage.persist();
}

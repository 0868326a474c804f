export type { LocalBackend, Recovered } from './local-backend.ts';
export {
  LOCAL_TABLES,
  type LocalChange,
  type LocalRange,
  type LocalRow,
  type LocalStore,
  LocalStoreError,
  type LocalStoreFault,
  type LocalTable,
  type LocalUsage,
  sortableNumber,
} from './local-store.ts';
export { memoryStore } from './memory-store.ts';
export {
  type OpenedStore,
  type OpenLocalStoreOptions,
  openLocalStore,
  removeLocalStores,
  type StoreNotice,
} from './open-local-store.ts';
export { type OutboxOnStoreOptions, outboxOnStore } from './outbox-on-store.ts';
export { persistStorage } from './storage-usage.ts';
export { type LocalAccount, storeName } from './store-name.ts';

export { indexedDbTokens, type IndexedDbTokens } from '../storage/indexeddb-tokens.ts';
export { indexedDbWaiting } from '../storage/indexeddb-waiting.ts';
export { webLocks } from '../tabs/web-locks.ts';
export {
  type RenewableTokens,
  sendWaiting,
  type SendWaitingOptions,
  type WaitingOutbox,
  type WakeEnd,
} from './send-waiting.ts';

export { createClient } from './client.ts';
export { CLIENT_ERRORS, type ClientErrorName, KonferencoError } from './errors.ts';
export { memoryOutbox, memoryTokens } from './storage/memory.ts';
export type * from './types.ts';

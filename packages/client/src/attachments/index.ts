export type { FileChange, FileRecord, FileStore } from './file-store.ts';
export { type IndexedDbFilesOptions, indexedDbFileStore } from './indexeddb-file-store.ts';
export { memoryFileStore } from './memory-file-store.ts';
export { openAttachments, type OpenAttachmentsOptions } from './open-attachments.ts';
export { sqliteFileStore } from './sqlite-file-store.ts';
export type * from './types.ts';

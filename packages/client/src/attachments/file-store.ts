/** A record or a file to write; `undefined` deletes. */
export type FileChange =
  | { readonly table: 'records'; readonly key: string; readonly value: unknown }
  | { readonly table: 'blobs'; readonly key: string; readonly value: Blob | undefined };

export interface FileRecord {
  readonly key: string;
  /** JSON. */
  readonly value: unknown;
}

/**
 * Where one account's files lie on this device: JSON records and the bytes beside them.
 *
 * - `write` is all or nothing, and resolves when the change survives the end of the program.
 * - Everything rejects with {@link import('../storage/local-store.ts').LocalStoreError}; `full`: nothing was written.
 */
export interface FileStore {
  /** `memory`: nothing survives the program; the person is told. */
  readonly kind: 'durable' | 'memory';
  write(changes: readonly FileChange[]): Promise<void>;
  /** Records whose key begins with `prefix`, by key. */
  records(prefix: string): Promise<readonly FileRecord[]>;
  /** `undefined`: there is none. */
  blob(key: string): Promise<Blob | undefined>;
  /** Deletes everything. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

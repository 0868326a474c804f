import type { LogName, Tokens } from '@konferenco/protocol';

/** Where the outbox keeps what was not acknowledged. In memory by default; a durable one may take its place. */
export interface OutboxStore {
  /** All entries, oldest first. */
  load(): Promise<readonly OutboxEntry[]>;
  /** Resolves when the entry is kept as safely as this store can. */
  put(entry: OutboxEntry): Promise<void>;
  delete(id: string): Promise<void>;
}
export interface OutboxEntry {
  readonly id: string;
  readonly log: LogName;
  /** The envelope's JSON, complete and signed if signatures are used. */
  readonly envelope: string;
  readonly created_at: number;
  /** Rank of its priority: lower leaves first. Absent in entries of earlier versions, which count as normal. */
  readonly priority?: number;
}

/** Where credentials are kept between starts. */
export interface TokenStore {
  load(): Promise<Tokens | null>;
  save(tokens: Tokens | null): Promise<void>;
}

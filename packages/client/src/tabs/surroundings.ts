import type { Environment } from '../types.ts';

/** The part of the Web Locks API that sharing uses. */
export interface TabLocks {
  /**
   * Calls `hold` with the lock, or, with `ifAvailable`, with null when another holds it; the lock is held until what
   * `hold` returns settles. Rejects with an `AbortError` when the signal fires while waiting, or when another steals it.
   */
  request(
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean; readonly ifAvailable?: boolean },
    hold: (lock: object | null) => Promise<void>,
  ): Promise<void>;
  /** Names of the locks that are held now. */
  held(): Promise<readonly string[]>;
}

/** The part of a BroadcastChannel that sharing uses: everyone but the sender gets a copy, in order. */
export interface TabChannel {
  post(message: unknown): void;
  onmessage: ((message: unknown) => void) | null;
  close(): void;
}

/** What one tab's sharing stands on. */
export interface TabSurroundings {
  /** Unique to this tab, also among tabs duplicated from it. */
  readonly id: string;
  readonly locks: TabLocks;
  /** @throws whatever the platform throws where channels are not to be had. */
  readonly openChannel: (name: string) => TabChannel;
  /** Tells when the page is about to stop running, and when it runs again. Returns what ends the telling. */
  readonly page: { readonly subscribe: (fn: (event: 'suspend' | 'resume') => void) => () => void };
  readonly environment: Pick<Environment, 'now' | 'after' | 'openSocket'>;
}

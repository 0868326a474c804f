import type { User } from '@konferenco/protocol';
import type { LocalStore, LocalUsage } from '../storage/local-store.ts';

/** Bound on the entries of conversations a device keeps; the oldest of those opened longest ago are dropped first. */
export interface KeepLimits {
  readonly entries: number;
  /** About: counted by the length of what was said. */
  readonly bytes: number;
}

/** What this device keeps, and what the platform says of it. */
export interface DeviceUsage extends LocalUsage {
  readonly kind: LocalStore['kind'];
  readonly entries: number;
  readonly entry_bytes: number;
  readonly keep: KeepLimits;
}

/** People this device has seen, by id; partial: the longest unseen are forgotten. */
export interface People {
  get(id: string): User | undefined;
  all(): readonly User[];
  /** Takes in profiles that came by another way than the SDK's own requests. */
  learn(users: readonly User[]): void;
  subscribe(fn: () => void): () => void;
}

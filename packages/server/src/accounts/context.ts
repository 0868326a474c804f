import type { Bus, Clock, Random, Store } from '@konferenco/core';
import type { Directory } from './directory.ts';

/** What every account operation works with. */
export interface Context {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Its bytes must be cryptographically secure. */
  readonly random: Random;
  readonly directory: Directory;
  /** Set in demo and load mode: the event that everybody belongs to, and sign-in by name alone. */
  readonly demoEvent?: string;
}

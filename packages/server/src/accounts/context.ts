import type { Bus, Clock, Random, Store } from '@konferenco/core';
import { createIdGenerator } from '@konferenco/protocol';
import { Replica } from '../sync/system.ts';
import type { Directory } from './directory.ts';
import { Serial } from './serial.ts';

/** What a node's account operations work with. */
export interface ContextOptions {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Its bytes must be cryptographically secure. */
  readonly random: Random;
  readonly directory: Directory;
  /** Set in demo and load mode: the event that everybody belongs to, and sign-in by name alone. */
  readonly demoEvent?: string;
}

export interface Context extends ContextOptions {
  /** Orders this node's changes of much wanted rows. */
  readonly serial: Serial;
  /** This node as a writer of operations. */
  readonly replica: Replica;
  /** A fresh envelope id. */
  readonly newId: () => string;
}

export function createContext(options: ContextOptions): Context {
  const { clock, random } = options;
  const now = () => clock.now();
  return {
    ...options,
    serial: new Serial(),
    replica: new Replica(random, now),
    newId: createIdGenerator({ now, random16: () => random.bytes(16) }),
  };
}

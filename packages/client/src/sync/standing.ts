import type { ScopeReplica } from './scope-replica.ts';
import type { ScopeSync } from './scope-sync.ts';
import type { SyncedScope, SyncView } from './types.ts';
import { waitingOperations } from './waiting-operations.ts';

/** A scope with what keeps it up to date. */
export interface SyncPart {
  readonly scope: ScopeReplica;
  readonly sync: ScopeSync;
}

/** How replicated state stands on this device. `waiting`: entries of the outbox. */
export function standingOf(parts: readonly SyncPart[], waiting: number): ReturnType<SyncView['state']> {
  const times = parts.map(({ scope }) => scope.synced_at);
  return {
    scopes: parts.map(
      ({ scope, sync }): SyncedScope => ({
        namespace: scope.namespace,
        ...(scope.namespace === 'schedule' ? { event: scope.id } : {}),
        documents: scope.confirmed.size,
        version: scope.version,
        synced_at: scope.synced_at,
        syncing: sync.isRunning,
      }),
    ),
    waiting,
    operations: parts.flatMap(({ scope }) => waitingOperations(scope.pending)),
    synced_at: times.some((at) => at === null) ? null : Math.min(...times.map(Number)),
  };
}

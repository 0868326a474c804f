/**
 * How much of something a device keeps (O1):
 * - `full`: all of it that concerns the person
 * - `partial`: what was seen
 * - `last`: the newest value alone
 * - `none`: nothing; it is true only while it is said
 */
export type Keeping = 'full' | 'partial' | 'last' | 'none';

export interface NamespacePolicy {
  readonly keeps: Keeping;
  /** How it comes to a device: by logs and cursors, as documents with operations, by request, or as it happens. */
  readonly carried: 'logs' | 'documents' | 'requests' | 'live';
  /** Whether it may be written without a link. */
  readonly writable_offline: boolean;
}

export const NAMESPACES = {
  messages: { keeps: 'full', carried: 'logs', writable_offline: true },
  schedule: { keeps: 'full', carried: 'documents', writable_offline: true },
  personal: { keeps: 'full', carried: 'documents', writable_offline: true },
  profiles: { keeps: 'partial', carried: 'requests', writable_offline: false },
  location: { keeps: 'last', carried: 'live', writable_offline: false },
  presence: { keeps: 'none', carried: 'live', writable_offline: false },
} as const satisfies Record<string, NamespacePolicy>;

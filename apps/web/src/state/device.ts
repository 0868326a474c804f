import type { Client, Envelope, OutboxEntry } from '@konferenco/client';
import type { PlainStore } from './store.ts';

/**
 * What the person has to know about what this device keeps:
 * - `memory`: nothing survives the page
 * - `full`: no room
 * - `newer`: a newer version of the program wrote it
 * - `recovered`: it was damaged and begun anew; messages that waited were `saved` or `lost` (`null`: unknown)
 */
export type DeviceNotice =
  | { readonly kind: 'memory' | 'full' | 'newer' }
  | { readonly kind: 'recovered'; readonly saved: number; readonly lost: number | null };

/** Something written here that is not on the server yet. */
export interface WaitingEntry {
  readonly id: string;
  readonly log: string;
  /** A message's text; `null`: something else. */
  readonly text: string | null;
  /** What it is, as it will be sent. The SDK wrote it. */
  readonly what: Pick<Envelope, 'type' | 'subtype' | 'to' | 'payload'>;
  /** Unix ms. */
  readonly at: number;
}

/** What this device keeps, beside what the client says of it. */
export interface Device {
  readonly notice: Pick<PlainStore<DeviceNotice | null>, 'state' | 'subscribe'>;
  dismissNotice(): void;
  /** Oldest first. */
  waiting(): Promise<readonly WaitingEntry[]>;
  /** Asks the browser not to remove it by itself. Call it from a press. */
  persist(): Promise<boolean>;
}

export interface DeviceOptions {
  /** What opening the store told. */
  readonly notice: PlainStore<DeviceNotice | null>;
  readonly outbox: () => Promise<readonly OutboxEntry[]>;
  readonly persist: () => Promise<boolean>;
}

/** The device as the client's store sees it; faults of the store while the page is open become notices. */
export function createDevice(client: Pick<Client, 'on'>, options: DeviceOptions): Device {
  const { notice } = options;
  client.on('storage', ({ fault }) => {
    if (fault === 'full' || fault === 'newer') notice.set({ kind: fault });
    if (fault === 'unavailable') notice.set({ kind: 'memory' });
    if (fault === 'damaged') notice.set({ kind: 'recovered', saved: 0, lost: null });
  });
  return {
    notice,
    dismissNotice: () => notice.set(null),
    waiting: async () => (await options.outbox()).map(entryOf),
    persist: options.persist,
  };
}

function entryOf({ id, log, envelope, created_at }: OutboxEntry): WaitingEntry {
  const what = JSON.parse(envelope) as WaitingEntry['what'];
  const text: unknown = what.type === 'chat' && what.subtype !== 'edit' ? what.payload['text'] : undefined;
  return { id, log, text: typeof text === 'string' ? text : null, what, at: created_at };
}

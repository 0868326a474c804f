import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PositionStore, ReplicaStore, Store } from '@konferenco/core';
import { createFileKeyStore, createMemoryKeyStore } from '../accounts/key-store.ts';
import { createLocalBus } from '../adapters/embedded/bus.ts';
import { openEmbeddedStore } from '../adapters/embedded/store.ts';
import { createMemoryStore } from '../adapters/memory/store.ts';
import { createMemoryPositions, createSqlitePositions } from '../adapters/embedded/positions.ts';
import { systemClock } from '../runtime/system.ts';
import { endUplink } from '../uplink/standing.ts';
import type { BackendOptions, Backends } from './backends.ts';

/** One process that is a whole system: SQLite in the data folder, or memory, and no bus. */
export async function openEmbedded(options: BackendOptions): Promise<Backends> {
  const store = await openStore(options);
  if (options.config.storage === 'disk') await endUplink(store, options.log);
  return embeddedOn(options, store);
}

/** One process on this store, which is closed with it. */
export function embeddedOn(options: BackendOptions, store: Store): Backends {
  const { config } = options;
  const bus = createLocalBus();
  const positions = positionsOf(options);
  return {
    store,
    bus,
    keys: config.storage === 'memory' ? createMemoryKeyStore() : createFileKeyStore(join(config.data, 'keys')),
    parts() {
      const { ok, damage } = store.health();
      const name = config.storage === 'memory' ? 'memory' : 'sqlite';
      return [{ name, state: ok ? 'working' : 'away', detail: damage.join('; ') }];
    },
    shared: {},
    streams: null,
    analytics: null,
    positions,
    begin() {},
    register() {},
    async close() {
      await bus.close();
      await positions.close();
      await store.close();
    },
  };
}

function positionsOf({ config, onFault }: BackendOptions): PositionStore {
  const now = () => systemClock.now();
  if (config.storage === 'memory') return createMemoryPositions({ now });
  const isRestored = config.restored === 'yes';
  return createSqlitePositions({ path: join(config.data, 'positions.db'), now, onFault, isRestored });
}

async function openStore(options: BackendOptions): Promise<Store> {
  if (options.config.storage === 'memory') return createMemoryStore({ now: () => systemClock.now() });
  return openDiskStore(options);
}

/** The store in the data folder. */
export function openDiskStore({ config, log }: BackendOptions): Promise<ReplicaStore> {
  const now = () => systemClock.now();
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  return openEmbeddedStore({
    dir: config.data,
    renewEpoch: config.restored === 'yes',
    now,
    onDamage: (damage) => log.error({ damage }, 'the store is damaged'),
  });
}

import { join } from 'node:path';
import { createFileKeyStore } from '../accounts/key-store.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import { BridgedBus } from '../uplink/bridged-bus.ts';
import { registerUplink, type UplinkFigures, uplinkPart } from '../uplink/figures.ts';
import { Forwarder } from '../uplink/forwarder.ts';
import { awaitVenue } from '../uplink/introduction.ts';
import { MirrorEnd } from '../uplink/mirror-end.ts';
import { MirrorKeys } from '../uplink/mirror-keys.ts';
import { MirrorStore } from '../uplink/mirror-store.ts';
import { ObjectBridge } from '../uplink/object-bridge.ts';
import { Replica } from '../uplink/replica.ts';
import { standingOf } from '../uplink/standing.ts';
import type { BackendOptions, Backends } from './backends.ts';
import { embeddedOn, openDiskStore } from './embedded.ts';

/** One process in a data centre that holds a copy of a venue's store, and has the venue write. */
export async function openMirror(options: BackendOptions): Promise<Backends> {
  const { config, log } = options;
  const disk = await openDiskStore(options);
  const files = createFileKeyStore(join(config.data, 'keys'));
  const hasKeys = (await files.load()) !== null;
  const standing = await standingOf(disk, hasKeys);
  const embedded = embeddedOn(options, disk);
  const bus = new BridgedBus(embedded.bus, false);
  const bridge = new ObjectBridge(systemClock, options.onFault);
  const { end, replica, forwarder } = openEnd(options, {
    bridge,
    disk,
    embedded,
    bus,
    standing,
    keys: new MirrorKeys(files),
    hasKeys,
  });
  if (!hasKeys) await awaitVenue(config, { end, log });
  const figures: UplinkFigures = {
    state: () => end.describe(),
    commands: () => forwarder.counts,
    behind_ms: () => behindMs(end, replica),
  };
  const store = new MirrorStore({
    replica: disk,
    forwarder,
    epoch: await end.introduced,
    tellCursors: (cursors) => end.tellCursors(cursors),
    faults: () => (replica.diverged === null ? [] : [`the copy differs from the venue's: ${replica.diverged}`]),
  });
  return {
    ...embedded,
    ...{
      store,
      bus,
      keys: new MirrorKeys(files),
      mirror: end,
      bridge,
      shared: { isMirror: true, grace_ms: () => end.grace_ms() },
    },
    parts: () => [...embedded.parts(), uplinkPart(figures)],
    register: (registry) => registerUplink(registry, figures),
    async close() {
      end.close();
      await replica.close();
      await embedded.close();
    },
  };
}

interface Made {
  readonly disk: Awaited<ReturnType<typeof openDiskStore>>;
  readonly bridge: ObjectBridge;
  readonly embedded: Backends;
  readonly bus: BridgedBus;
  readonly standing: Awaited<ReturnType<typeof standingOf>>;
  readonly keys: MirrorKeys;
  readonly hasKeys: boolean;
}

function openEnd(
  { config, start, log, onFault }: BackendOptions,
  { disk, embedded, bus, bridge, standing, keys, hasKeys }: Made,
) {
  const common = { clock: systemClock, bus, onFault };
  const replica: Replica = new Replica({
    ...common,
    store: disk,
    inner: embedded.bus,
    position: standing.position,
    onChanges: (changes) => bridge.forget(changes),
    onDiverged(reason) {
      log.error({ reason, position: replica.position }, 'the copy differs from what the venue has, and stops');
      end.hangUp('the copy differs from what the venue has');
    },
  });
  const forwarder = new Forwarder({ clock: systemClock, reached: (position) => replica.reached(position) });
  const end = new MirrorEnd({
    ...common,
    ...{ secret: config.uplinkSecret, node: start.name, replica, forwarder, keys, log, random: systemRandom },
    epoch: standing.epoch,
    hasKeys,
    objects: bridge,
    takeCursors: (cursors) => disk.saveCursors(cursors),
  });
  return { end, replica, forwarder };
}

function behindMs(end: MirrorEnd, { appliedAt }: Replica): number | null {
  if (appliedAt === 0) return null;
  return end.describe().behind === 0 ? 0 : Math.max(0, systemClock.now() - appliedAt);
}

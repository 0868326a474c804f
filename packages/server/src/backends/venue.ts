import { join } from 'node:path';
import { createIdGenerator } from '@konferenco/protocol';
import { createFileKeyStore } from '../accounts/key-store.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import { BridgedBus } from '../uplink/bridged-bus.ts';
import { dialerOf } from '../uplink/client-wire.ts';
import { registerUplink, type UplinkFigures, uplinkPart } from '../uplink/figures.ts';
import { UPLINK_PATH } from '../uplink/frames.ts';
import { HomeEnd } from '../uplink/home-end.ts';
import { JOURNAL } from '../uplink/journal.ts';
import { JournaledStore } from '../uplink/journaled-store.ts';
import { toldKeys } from '../uplink/mirror-keys.ts';
import { ObjectBridge } from '../uplink/object-bridge.ts';
import { beginJournal, spanOf } from '../uplink/standing.ts';
import type { BackendOptions, Backends } from './backends.ts';
import { embeddedOn, openDiskStore } from './embedded.ts';
import { readUplinkTls } from './tls-files.ts';

/** One process at a venue that keeps everything, and a mirror elsewhere up to date. */
export async function openVenue(options: BackendOptions): Promise<Backends> {
  const { config, start, log, onFault } = options;
  const tls = readUplinkTls(config, (problem) => log.error({ problem }, 'replaced TLS files cannot be used'));
  const disk = await openDiskStore(options);
  const now = () => systemClock.now();
  const newId = createIdGenerator({ now, random16: () => systemRandom.bytes(16) });
  const files = createFileKeyStore(join(config.data, 'keys'));
  await beginJournal(disk, { fresh: (await files.load()) === null, id: newId(), now: now() });
  const [journal] = await disk.states([JOURNAL]);
  const store = new JournaledStore({ inner: disk, newId, now, head: journal?.head ?? 0 });
  const embedded = embeddedOn(options, store);
  const bus = new BridgedBus(embedded.bus, true);
  const bridge = new ObjectBridge(systemClock, onFault);
  const end = new HomeEnd({
    objects: bridge,
    ...{ secret: config.uplinkSecret, node: start.name, store, bus, inner: embedded.bus, log, onFault },
    dial: dialerOf(config.uplinkUrl + UPLINK_PATH, () => tls?.ca),
    keys: () => files.load(),
    span: () => spanOf(disk),
    clock: systemClock,
    random: systemRandom,
  });
  const figures: UplinkFigures = {
    state: () => end.describe(),
    commands: () => ({ ...end.counts }),
    behind_ms: () => null,
  };
  return {
    ...embedded,
    bus,
    bridge,
    keys: toldKeys(files, (ring) => end.tellKeys(ring)),
    parts: () => [...embedded.parts(), uplinkPart(figures)],
    begin: () => end.start(),
    register: (registry) => registerUplink(registry, figures),
    async close() {
      end.close();
      await embedded.close();
    },
  };
}

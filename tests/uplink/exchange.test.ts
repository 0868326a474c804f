import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, type Outcome, ReplicaDivergedError, type Store, StoreUnavailableError } from '@konferenco/core';
import { createIdGenerator } from '@konferenco/protocol';
import { SeededRandom } from '@konferenco/testkit';
import { openEmbeddedStore } from '../../packages/server/src/adapters/embedded/store.ts';
import { JOURNAL } from '../../packages/server/src/uplink/journal.ts';
import { until } from '../system/support/until.ts';
import { ExchangeWorld } from './exchange-world.ts';

const dir = mkdtempSync(join(tmpdir(), 'konferenco-exchange-'));
let world: ExchangeWorld;
beforeAll(async () => {
  world = await ExchangeWorld.open(dir);
});
afterAll(async () => {
  await world.close();
  rmSync(dir, { recursive: true, force: true });
});

const newId = createIdGenerator({ now: () => Date.now(), random16: () => crypto.getRandomValues(new Uint8Array(16)) });
const LOGS = ['ch:a', 'ch:b', 'dm:x:y'];
/** Pieces of both ways in a whole round, handshake included, and how often each of them is lost. */
const PIECES = 16;
const ROUNDS = 8 * PIECES;
const PEOPLE = ['x', 'y', 'z'];

function append(random: SeededRandom, text: string) {
  const id = newId();
  const envelope = JSON.stringify({ id, type: 'chat', subtype: 'channel_message', payload: { text } });
  const notify = random.chance(0.3) ? [{ user: random.pick(PEOPLE), reason: 'mention' as const }] : [];
  return {
    ...{ log: random.pick(LOGS), id, sender: random.pick(PEOPLE), envelope, text },
    expires_at: Date.now() + 3_600_000,
    ...(notify.length > 0 ? { notify } : {}),
  };
}

/** Any command: messages, rows on conditions that may fail, erasures. */
function commandOf(random: SeededRandom, text: string): Command {
  const key = `row-${random.int(0, 5)}`;
  const changes = [{ collection: 'test', key, value: random.chance(0.2) ? null : { text } }];
  const requires = [{ collection: 'test', key, version: random.int(0, 2) }];
  const erases = [{ log: random.pick(LOGS), offset: random.int(1, 50) }];
  return {
    ...(random.chance(0.9) ? { appends: [append(random, text)] } : {}),
    ...(random.chance(0.3) ? { changes } : {}),
    ...(random.chance(0.1) ? { requires } : {}),
    ...(random.chance(0.1) ? { erases } : {}),
  };
}

/** Offers a command until somebody says what became of it. */
async function offer(store: Store, command: Command): Promise<Outcome> {
  for (;;) {
    try {
      const [outcome] = await store.commit([command]);
      if (outcome) return outcome;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      await Bun.sleep(1);
    }
  }
}

// proves UP-1, UP-2, UP-5, UP-6
test('the line breaks after each piece of the exchange in turn: both copies are the same, and each command took effect once', async () => {
  const random = new SeededRandom(7);
  for (let round = 0; round < ROUNDS; round++) {
    world.line.breakAfter(1 + (round % PIECES));
    const offered = [world.home, world.mirror, world.mirror, world.home].map((store, n) => ({
      command: commandOf(random, `round ${round} number ${n}`),
      store,
    }));
    const outcomes = await Promise.all(offered.map(({ store, command }) => offer(store, command)));
    outcomes.forEach((outcome, n) => {
      if (outcome.kind === 'duplicate') expect(offered[n]?.command.appends?.[0]?.log).toBe(outcome.position.log);
      else if (outcome.kind !== 'committed') expect(outcome.kind).toBe('conflict');
    });
    world.line.mend();
  }
  await until(() => world.isTogether, 'both sides are together');
  expect(world.line.breaks).toBeGreaterThan(ROUNDS / 3);
  for (const log of [...LOGS, ...PEOPLE.map((user) => `in:${user}`)]) {
    const [home, mirror] = await Promise.all([world.disk, world.copy].map((store) => world.everything(store, log)));
    expect(mirror).toBeDefined();
    expect(JSON.stringify(mirror)).toBe(JSON.stringify(home));
    const ids = home?.entries.map(({ id }) => id) ?? [];
    if (!log.startsWith('in:')) expect(new Set(ids).size).toBe(ids.length);
  }
  const rows = (store: Store) => store.list('test', '', { limit: 100 });
  expect(await rows(world.copy)).toEqual(await rows(world.disk));
}, 240_000);

// proves UP-4
test('a long journal is replayed faster than a venue can write', async () => {
  const random = new SeededRandom(8);
  world.line.sever();
  const count = 10_000;
  const commands = Array.from({ length: count }, (_, n) => ({ appends: [append(random, `late ${n}`)] }));
  const writing = performance.now();
  await Promise.all(commands.map((command) => world.home.commit([command])));
  const wrote = performance.now() - writing;
  const replaying = performance.now();
  world.line.mend();
  await until(() => world.isTogether, 'the mirror has it');
  const replayed = performance.now() - replaying;
  console.log(
    `${count} commands: committed with their journal in ${wrote.toFixed(0)} ms, replayed in ${replayed.toFixed(0)} ms`,
  );
  for (const log of LOGS)
    expect(await world.everything(world.copy, log)).toEqual(await world.everything(world.disk, log));
}, 240_000);

// proves UP-13
test('commands of the mirror cannot touch the journal, and a replay that differs takes no effect', async () => {
  const forged = { appends: [{ ...append(new SeededRandom(9), 'forged'), log: JOURNAL }] };
  await until(() => world.isTogether, 'the mirror can write');
  await expect(world.mirror.commit([forged])).rejects.toThrow('may not touch');
  const folder = join(dir, 'other');
  const store = await openEmbeddedStore({ dir: folder, inspectAfterMs: null });
  const good = append(new SeededRandom(10), 'good');
  const replay = (heads: number, commands: readonly Command[] = [{ appends: [good] }]) =>
    store.replay({
      commands: commands.map((command) => ({ at: 1_000, command })),
      heads: [{ log: good.log, offset: heads }],
      changes: [{ collection: 'test', key: 'position', value: heads }],
    });
  expect(await replay(2).catch((error: unknown) => error)).toBeInstanceOf(ReplicaDivergedError);
  expect(await store.states([good.log])).toEqual([{ first: 0, head: 0 }]);
  expect(await store.get('test', 'position')).toBeNull();
  expect(await replay(1)).toMatchObject([{ kind: 'committed', at: 1_000, positions: [{ log: good.log, offset: 1 }] }]);
  // The same again: a duplicate is no commit.
  expect(await replay(1).catch((error: unknown) => error)).toBeInstanceOf(ReplicaDivergedError);
  expect((await store.get('test', 'position'))?.version).toBe(1);
  await store.close();
});

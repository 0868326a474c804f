import { expect, test } from 'bun:test';
import { cpSync, rmSync } from 'node:fs';
import type { TestServer } from '@konferenco/testkit';
import { publish } from '../cluster/support.ts';
import { until } from '../system/support/until.ts';
import { bothHave, PATIENCE_MS, useUplink } from './support.ts';

const uplink = useUplink();

const says = (server: TestServer, text: string) =>
  until(
    async () => (await uplink().part(server))?.detail.includes(text) === true,
    `the uplink is away because: ${text}`,
    PATIENCE_MS,
  );
const say = async (server: TestServer, text: string) =>
  expect(await publish(server.httpUrl, 'ann', 'hall', text)).toMatchObject({ status: 200, error: '' });

// proves UP-8
test('another secret on one side joins nobody, and each side says what to do', async () => {
  await say(uplink().home, 'one');
  await uplink().home.kill();
  await uplink().startHome({ KONFERENCO_UPLINK_SECRET: 'x'.repeat(32) });
  await says(uplink().home, 'KONFERENCO_UPLINK_SECRET');
  await says(uplink().mirror, 'KONFERENCO_UPLINK_SECRET');
  await say(uplink().home, 'two');
  expect(await publish(uplink().mirror.httpUrl, 'ann', 'hall', 'no')).toMatchObject({ error: 'store_unavailable' });
  await uplink().home.kill();
  await uplink().startHome();
  await uplink().together();
  expect(await bothHave(uplink(), 'ch:hall', 'ann', 2)).toEqual(['one', 'two']);
});

// proves UP-7
test('a mirror that missed what stands in no journal is refused, and a copy of the venue mends it', async () => {
  await uplink().home.kill();
  await uplink().startHome({ KONFERENCO_UPLINK_URL: '', KONFERENCO_UPLINK_SECRET: '' });
  await say(uplink().home, 'three, in no journal');
  await uplink().home.kill();
  await uplink().startHome();
  await says(uplink().home, 'without an uplink');
  await uplink().mirror.kill();
  await uplink().home.kill();
  rmSync(uplink().mirrorDir, { recursive: true });
  cpSync(uplink().homeDir, uplink().mirrorDir, { recursive: true });
  await Promise.all([uplink().startHome(), uplink().startMirror()]);
  await uplink().together();
  await say(uplink().mirror, 'four');
  expect(await bothHave(uplink(), 'ch:hall', 'ann', 4)).toEqual(['one', 'two', 'three, in no journal', 'four']);
});

// proves UP-7
test('a mirror of a store that was restored since is refused', async () => {
  await uplink().home.kill();
  await uplink().startHome({ KONFERENCO_RESTORED: 'yes' });
  await says(uplink().home, 'follows another store');
  expect(await publish(uplink().mirror.httpUrl, 'ann', 'hall', 'no')).toMatchObject({ error: 'store_unavailable' });
});

// proves UP-15
test('a mirror whose venue is lost is a whole system of its own', async () => {
  await Promise.all([uplink().home.kill(), uplink().mirror.kill()]);
  const alone = { KONFERENCO_MIRROR: 'no', KONFERENCO_UPLINK_SECRET: '', KONFERENCO_RESTORED: 'yes' };
  await uplink().startMirror(alone);
  await say(uplink().mirror, 'five');
  const items = await uplink().readAll(uplink().mirror, 'ann', 'ch:hall');
  expect(items.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5]);
  expect(await uplink().part(uplink().mirror)).toBeUndefined();
});

import { expect, test } from 'bun:test';
import { type Client, createClient } from '@konferenco/client';
import { bytesOf, Person } from '../attachments/person.ts';
import { allSee, ask, publish, texts } from '../cluster/support.ts';
import { until } from '../system/support/until.ts';
import { bothHave, envelopeOf, PATIENCE_MS, useUplink } from './support.ts';

const uplink = useUplink();
const LOG = 'ch:hall';
const EVENT = 'hui-taiao-2026';
const OWNER = 'ngaire-holloway';

// proves UP-1, UP-3
test('people at the venue and at the mirror talk, as if they were in one place', async () => {
  const { home, mirror } = uplink();
  const ann = await uplink().person('ann', home, 'hall');
  const ben = await uplink().person('ben', mirror, 'hall');
  await ann.sendChannelMessage('hall', { text: 'from the venue' });
  expect((await ben.waitForMessage()).payload.text).toBe('from the venue');
  await ben.sendChannelMessage('hall', { text: 'from afar' });
  expect((await ann.waitForMessage()).payload.text).toBe('from afar');
  await ben.sendDirectMessage('ann', { text: 'between us' });
  expect((await ann.waitForMessage()).payload.text).toBe('between us');
  await ann.sendDirectMessage('ben', { text: 'yes' });
  expect((await ben.waitForMessage()).payload.text).toBe('yes');
  await until(
    () => {
      ann.sdk.channel('hall').typing();
      return ben.sdk.channel('hall').state().typing.includes('ann');
    },
    'typing crosses',
    PATIENCE_MS,
  );
  expect(await bothHave(uplink(), LOG, 'ann', 2)).toEqual(['from the venue', 'from afar']);
});

// proves UP-2, UP-4, UP-5
test('cut while both sides write: the venue goes on, the mirror reads and waits, and both are the same afterwards', async () => {
  const { home, mirror } = uplink();
  const cat = await uplink().person('cat', home, 'stage');
  const dan = await uplink().person('dan', mirror, 'stage');
  const burst = (person: typeof cat, from: number) =>
    [0, 1, 2, 3, 4].map((n) => person.sendChannelMessage('stage', { text: `${person.userId} ${from + n}` }));
  await Promise.all([...burst(cat, 0), ...burst(dan, 0)]);
  const during = burst(dan, 5);
  await uplink().cut();
  await Promise.all(burst(cat, 5));
  const late = burst(dan, 10);
  const before = await uplink().readAll(mirror, 'dan', 'ch:stage');
  expect(before.length).toBeGreaterThanOrEqual(10);
  let acknowledged = false;
  void late[0]?.then(() => {
    acknowledged = true;
  });
  await Promise.all(burst(cat, 10));
  expect(acknowledged).toBe(false);
  await uplink().heal();
  await Promise.all([...during, ...late]);
  const said = await bothHave(uplink(), 'ch:stage', 'cat', 30);
  for (const name of ['cat', 'dan'])
    expect(said.filter((text) => text.startsWith(name))).toEqual(Array.from({ length: 15 }, (_, n) => `${name} ${n}`));
  await until(() => texts(cat, 'stage').length === 30, 'the venue shows all of it', PATIENCE_MS);
  await until(() => texts(dan, 'stage').length === 30, 'the mirror shows all of it', PATIENCE_MS);
}, 240_000);

// proves UP-4
test('a mirror that missed thousands of entries has them in order, and writes again once it has', async () => {
  const { home, mirror } = uplink();
  await uplink().cut();
  const said = Array.from({ length: 2_000 }, (_, n) => `entry ${n}`);
  for (let from = 0; from < said.length; from += 25) await publishAll(home.httpUrl, said.slice(from, from + 25));
  expect(await publish(mirror.httpUrl, 'ann', 'quay', 'too early')).toMatchObject({ error: 'store_unavailable' });
  const start = performance.now();
  await uplink().heal();
  console.log(`${said.length} entries caught up in ${(performance.now() - start).toFixed(0)} ms, the dial included`);
  expect(await bothHave(uplink(), 'ch:quay', 'ann', said.length)).toEqual(said);
  expect((await publish(mirror.httpUrl, 'ann', 'quay', 'in time')).error).toBe('');
  expect(await bothHave(uplink(), 'ch:quay', 'ann', said.length + 1)).toEqual([...said, 'in time']);
});

// proves UP-3, UP-9
test('edits, deletions, sign-outs and bans of one side hold at the other, also those made while the line is cut', async () => {
  const { home, mirror } = uplink();
  const gone = await signedIn(mirror.httpUrl, 'Gone');
  const barred = await signedIn(mirror.httpUrl, 'Barred');
  const id = barred.client.me?.id ?? '';
  const ann = await uplink().person('ann', home, 'square');
  const ben = await uplink().person('ben', mirror, 'square');
  const { id: edited } = await ann.sendChannelMessage('square', { text: 'frist' });
  const { id: deleted } = await ben.sendChannelMessage('square', { text: 'never said' });
  await allSee([ann, ben], 'square', ['frist', 'never said']);
  await ann.sdk.channel('square').edit(edited, 'first');
  await ben.sdk.channel('square').remove(deleted);
  await until(() => texts(ben, 'square').includes('first'), 'the edit crosses', PATIENCE_MS);
  await until(() => !texts(ann, 'square').includes('never said'), 'the deletion crosses', PATIENCE_MS);
  await gone.client.rest('signOut');
  await uplink().cut();
  const ban = await ask(home.httpUrl, OWNER, `DELETE /api/events/${EVENT}/members/${id}`);
  expect(ban.status).toBe(200);
  await uplink().heal();
  await until(() => gone.ended() === 4300, 'the ended sign-in has no connection any more', PATIENCE_MS);
  await until(() => barred.ended() === 4301, 'the banned person has no connection any more', PATIENCE_MS);
  await Promise.all([gone, barred].map(({ client }) => client.close()));
});

// proves UP-9
test('people see across the line who is connected', async () => {
  const { home, mirror } = uplink();
  const eve = await uplink().person('eve', home, 'porch');
  const status = () => eve.sdk.presence.status('fay');
  eve.sdk.presence.watch({ users: ['fay'] });
  const fay = await uplink().person('fay', mirror, 'porch');
  await until(() => status() === 'online', 'fay shows at the venue', PATIENCE_MS);
  await fay.disconnect();
  await until(() => status() === 'offline', 'fay is seen to go', PATIENCE_MS);
});

// proves UP-12
test('files are fetched over the line when they are asked for, and wait while it is cut', async () => {
  const { home, mirror } = uplink();
  const gil = new Person('gil', () => home.httpUrl);
  const hana = new Person('hana', () => mirror.httpUrl);
  const bytes = bytesOf(700_000);
  const here = await gil.upload('ch:hall', bytes, { name: 'here.bin' });
  const there = await hana.upload('ch:hall', bytes.slice(1), { name: 'there.bin' });
  await gil.say('ch:hall', { text: 'from here', attachments: [here] });
  await hana.say('ch:hall', { text: 'from there', attachments: [there] });
  expect(Buffer.compare(await hana.download(here.id), bytes)).toBe(0);
  await uplink().cut();
  // What has come once is here.
  expect(Buffer.compare(await hana.download(here.id), bytes)).toBe(0);
  const link = await gil.link(there.id);
  expect((await fetch(link.data.url)).status).toBe(503);
  await uplink().heal();
  expect(Buffer.compare(await gil.download(there.id), bytes.slice(1))).toBe(0);
});

// proves UP-10
test('nobody reads the journal, nor sees the other place as a node of theirs', async () => {
  for (const server of [uplink().home, uplink().mirror]) {
    expect((await ask(server.httpUrl, OWNER, 'GET /api/logs/uplink:journal?after=0&limit=10')).status).not.toBe(200);
    expect((await uplink().view(server))?.nodes).toHaveLength(1);
  }
});

/** Somebody who signed in with their own tokens. */
async function signedIn(url: string, name: string): Promise<{ client: Client; ended: () => number | null }> {
  const client = createClient({ url });
  await client.signIn({ name });
  await client.connect();
  return { client, ended: () => (client.link.kind === 'signed_out' ? client.link.code : null) };
}

/** Says all of it in one request. */
async function publishAll(url: string, said: readonly string[]): Promise<void> {
  const frames = said.map((text, index) => ({
    type: 'publish',
    ref: index + 1,
    envelope: envelopeOf('ann', 'quay', text),
  }));
  const { status, body } = await ask(url, 'ann', 'POST /api/frames', { since: 1, frames });
  expect({ status, offsets: body.match(/"offset":/g)?.length }).toEqual({ status: 200, offsets: said.length });
}

import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { SIMULATED_EVENT } from '@konferenco/testkit';
import { type Harness, type RawClient, startHarness } from './harness.ts';

const HOUR = 3_600_000;
const MEETING = '01932b00-0000-7000-8000-00000000000a';

let h: Harness;
let sequence = 0;
beforeEach(async () => {
  h = startHarness();
  sequence = 0;
  const member = { role: 'owner', joined_at: 0 };
  await h.store.commit([{ changes: [{ collection: 'member', key: `${SIMULATED_EVENT}/owen`, value: member }] }]);
});
afterEach(() => h.close());

function stamp(client: RawClient) {
  sequence++;
  return { dot: `${client.user}:${sequence}`, at: h.clock.now() * 256 + sequence };
}

function publish(client: RawClient, kind: string, to: string, payload: object) {
  const [type = '', subtype = ''] = kind.split('/');
  const address = { type: type === 'schedule' ? ('broadcast' as const) : ('user' as const), id: to };
  return client.request({
    type: 'publish',
    envelope: { ...client.envelope(address, { ...payload }, subtype), type },
  });
}

const session = (client: RawClient, set: object) =>
  publish(client, 'schedule/session_change', SIMULATED_EVENT, { session: 'repo', ...stamp(client), set });
const programme = () => ({ title: 'Repo', starts_at: h.clock.now() + HOUR, ends_at: h.clock.now() + 2 * HOUR });
const favourite = (client: RawClient, element: string) =>
  publish(client, 'state/operation', client.user, { on: 'favourites', op: 'add', element, ...stamp(client) });

describe('an operation', () => {
  test('is answered with its position, and again with the same when it comes twice', async () => {
    const mere = await h.connect('mere');
    const envelope = {
      ...mere.envelope({ type: 'user', id: 'mere' }, {}, 'operation'),
      type: 'state',
      payload: { on: 'favourites', op: 'add', element: 'repo', ...stamp(mere) },
    };
    const first = await mere.request({ type: 'publish', envelope });
    expect(first).toMatchObject({ log: 'me:mere', offset: 1 });
    expect(await mere.request({ type: 'publish', envelope })).toEqual({ ...first, duplicate: true });
  });

  // proves SY-2
  test('reaches the person’s other connections through the inbox, and an event’s through its log', async () => {
    const [phone, laptop, owen] = [await h.connect('mere'), await h.connect('mere'), await h.connect('owen')];
    await laptop.request({ type: 'subscribe', logs: [`ev:${SIMULATED_EVENT}`] });
    await favourite(phone, 'repo');
    await session(owen, programme());
    await h.clock.advance(50);
    expect(laptop.of('inbox').flatMap(({ items }) => items)).toMatchObject([
      { reason: 'state', log: 'me:mere', envelope: { payload: { element: 'repo' } } },
    ]);
    expect(laptop.of('message').flatMap(({ items }) => items)).toMatchObject([
      { envelope: { payload: { session: 'repo' } } },
    ]);
  });

  test('that is refused says why, and later frames go on', async () => {
    const [mere, owen] = [await h.connect('mere'), await h.connect('owen')];
    expect(await session(mere, programme())).toMatchObject({ error: 'forbidden' });
    expect(await session(owen, { room: 'B' })).toMatchObject({ error: 'not_found' });
    const ahead = { ...stamp(owen), at: (h.clock.now() + 3_600_000) * 256 };
    const set = programme();
    expect(
      await publish(owen, 'schedule/session_change', SIMULATED_EVENT, { session: 'repo', ...ahead, set }),
    ).toMatchObject({ error: 'clock_ahead' });
    expect(await session(owen, programme())).toMatchObject({ offset: 1 });
  });

  test('that builds on one before it in the same breath finds it', async () => {
    const mere = await h.connect('mere');
    const slot = { starts_at: h.clock.now() + HOUR, ends_at: h.clock.now() + 2 * HOUR };
    const request = publish(mere, 'meeting/request', 'rangi', {
      meeting: MEETING,
      title: 'T',
      ...slot,
      ...stamp(mere),
    });
    const said = stamp(mere);
    const change = { op: 'insert', item: said.dot, after: null, text: 'First' };
    const agenda = publish(mere, 'meeting/agenda_change', 'rangi', { meeting: MEETING, ...said, change });
    expect(await request).toMatchObject({ log: 'dm:mere:rangi', offset: 1 });
    expect(await agenda).toMatchObject({ log: 'dm:mere:rangi', offset: 2 });
  });
});

describe('the sync frame', () => {
  // proves SY-14
  test('brings everything at first, then what changed', async () => {
    const [mere, owen] = [await h.connect('mere'), await h.connect('owen')];
    await session(owen, programme());
    const asked = { type: 'sync', namespace: 'schedule', event: SIMULATED_EVENT };
    const first = await mere.request({ ...asked, trigger: 'first_connect' });
    expect(first).toMatchObject({ has_more: false, new_version: 'memory:1' });
    expect((first['snapshot'] as { documents: { key: string }[] }).documents.map(({ key }) => key)).toEqual([
      'session/repo',
      'attendance',
    ]);
    await session(owen, { room: 'B' });
    const then = await mere.request({ ...asked, since_version: first['new_version'], trigger: 'reconnect' });
    expect(then).toMatchObject({
      operations: [{ offset: 2, envelope: { payload: { set: { room: 'B' } } } }],
      new_version: 'memory:2',
      has_more: false,
    });
    const figures = await h.server.node.metrics.registry.metrics();
    expect(figures).toContain('konferenco_syncs_total{trigger="first_connect",form="snapshot"} 1');
    expect(figures).toContain('konferenco_syncs_total{trigger="reconnect",form="delta"} 1');
    expect(figures).toContain('konferenco_operations_total{kind="schedule/session_change",outcome="kept"} 2');
  });

  // proves SY-15
  test('never answers more than a frame holds, and goes on where it stopped', async () => {
    const mere = await h.connect('mere');
    for (let field = 0; field < 100; field++) {
      const value = 'x'.repeat(500);
      await publish(mere, 'state/operation', 'mere', {
        on: 'settings',
        op: 'set',
        field: `f${field}`,
        value,
        ...stamp(mere),
      });
    }
    let version = 'memory:0';
    const offsets: number[] = [];
    for (let more = true; more; ) {
      const answer = await mere.request({ type: 'sync', namespace: 'personal', since_version: version });
      expect(JSON.stringify(answer).length).toBeLessThan(65_536);
      offsets.push(...(answer['operations'] as { offset: number }[]).map(({ offset }) => offset));
      version = answer['new_version'] as string;
      more = answer['has_more'] === true;
    }
    expect(offsets).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  // proves SY-21
  test('is refused for an event that one does not belong to', async () => {
    const mere = await h.connect('mere');
    const asked = { type: 'sync', namespace: 'schedule' };
    expect(await mere.request({ ...asked, event: 'elsewhere' })).toMatchObject({ error: 'not_member' });
    expect(await mere.request(asked)).toMatchObject({ error: 'invalid' });
    expect(await mere.request({ ...asked, event: SIMULATED_EVENT })).toMatchObject({ has_more: false });
  });
});

// proves SY-33
test('a person who asks without end is told when to ask again', async () => {
  await h.close();
  h = startHarness({ rateLimits: true });
  const mere = await h.connect('mere');
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => mere.request({ type: 'sync', namespace: 'personal' })),
  );
  const refused = answers.filter(({ error }) => error === 'rate_limited');
  expect(refused.length).toBeGreaterThan(50);
  expect(refused[0]?.['retry_after_ms']).toBeGreaterThan(0);
  await h.clock.advance(refused[0]?.['retry_after_ms'] as number);
  expect(await mere.request({ type: 'sync', namespace: 'personal' })).toMatchObject({ has_more: false });
});

// proves SY-22
test('who goes where is counted every five seconds at the most', async () => {
  const [mere, owen] = [await h.connect('mere'), await h.connect('owen')];
  await session(owen, programme());
  await mere.request({ type: 'subscribe', logs: [`ev:${SIMULATED_EVENT}`] });
  const going = { on: 'attending', op: 'add', element: 'repo' };
  await publish(mere, 'state/operation', 'mere', { ...going, ...stamp(mere) });
  await publish(owen, 'state/operation', 'owen', { ...going, ...stamp(owen) });
  await h.clock.advance(10_000);
  const counts = mere
    .of('message')
    .flatMap(({ items }) => items)
    .filter(({ envelope }) => envelope?.subtype === 'attendance');
  expect(counts).toMatchObject([
    { envelope: { payload: { counts: [{ session: 'repo', positive: 2, negative: 0 }] } } },
  ]);
});

import { afterEach, beforeEach, expect, test } from 'bun:test';
import { StoreUnavailableError } from '@konferenco/core';
import fc from 'fast-check';
import type { Envelope } from '@konferenco/protocol';
import { SIMULATED_EVENT } from '@konferenco/testkit';
import {
  BLOCKED_BY,
  BLOCKS,
  CHANNEL_MEMBERS,
  CHANNELS,
  MARK,
  put,
} from '../../packages/server/src/accounts/records.ts';
import { type Harness, startHarness } from './harness.ts';

let h: Harness;
beforeEach(() => {
  h = startHarness();
});
afterEach(() => h.close());

const channels = (count: number, prefix = 'c') => Array.from({ length: count }, (_, i) => `ch:${prefix}${i}`);

// proves GW-13
test('a connection holds 200 subscriptions; those beyond are refused one by one', async () => {
  const mere = await h.connect('mere');
  await mere.request({ type: 'subscribe', logs: channels(150) });
  const { logs } = (await mere.request({ type: 'subscribe', logs: channels(60, 'd') })) as {
    logs: Record<string, { error?: string }>;
  };
  const refused = Object.values(logs).filter((answer) => answer.error === 'too_many_subscriptions');
  expect(refused).toHaveLength(10);
  await mere.request({ type: 'unsubscribe', logs: ['ch:c0'] });
  expect(await mere.request({ type: 'subscribe', logs: ['ch:e'] })).toEqual({
    logs: { 'ch:e': { first: 0, head: 0 } },
  });
});

test('subscribing twice counts once, for delivery and for presence', async () => {
  const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
  await rangi.request({ type: 'watch', channels: ['general'] });
  for (let i = 0; i < 3; i++) await mere.request({ type: 'subscribe', logs: ['ch:general', 'ch:general'] });
  await rangi.say('general', 'once');
  await mere.request({ type: 'unsubscribe', logs: ['ch:general', 'ch:other'] });
  await h.clock.advance(1_000);
  expect(mere.texts()).toEqual(['once']);
  expect(rangi.of('presence').at(-1)).toMatchObject({ channel: 'general', count: 0 });
});

// proves DL-14
test('an entry committed while somebody subscribes is below the head or comes live, never neither', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 20 }), async (before, after) => {
      const own = startHarness();
      const [writer, reader] = [await own.connect('writer'), await own.connect('reader')];
      const say = (i: number) =>
        writer.send({ type: 'publish', envelope: writer.envelope({ type: 'channel', id: 'x' }, { text: `${i}` }) });
      for (let i = 0; i < before; i++) say(i);
      reader.send({ type: 'subscribe', ref: 77, logs: ['ch:x'] });
      for (let i = before; i < before + after; i++) say(i);
      await own.clock.advance(200);
      const reply = reader.frames.find((frame) => frame.type === 'reply' && frame.ref === 77) as unknown as {
        data: { logs: Record<string, { head: number }> };
      };
      const head = reply.data.logs['ch:x']?.head ?? 0;
      const live = reader.of('message').flatMap((frame) => frame.items.map((item) => item.offset));
      const expected = Array.from({ length: before + after - head }, (_, i) => head + 1 + i);
      expect(live.filter((offset) => offset > head)).toEqual(expected);
      await own.close();
    }),
    { numRuns: 40 },
  );
});

// proves DL-23
test('when the store cannot write, the sender is told and nobody sees the message', async () => {
  const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
  await rangi.request({ type: 'subscribe', logs: ['ch:general'] });
  await mere.say('general', 'before');
  h.store.crash();
  expect(await mere.say('general', 'lost')).toMatchObject({ error: 'store_unavailable', code: 4001 });
  await h.clock.advance(1_000);
  expect(rangi.texts()).toEqual(['before']);
});

// proves DL-24
test('what was sent behind a message that was refused for now does not overtake it', async () => {
  const mere = await h.connect('mere');
  await mere.say('general', 'before');
  const [one, two, three] = ['one', 'two', 'three'].map((text) =>
    mere.envelope({ type: 'channel', id: 'general' }, { text }),
  ) as [Envelope, Envelope, Envelope];
  const { commit } = h.store;
  h.store.commit = () => Promise.reject(new StoreUnavailableError('the disk is full'));
  expect(await mere.request({ type: 'publish', envelope: one })).toMatchObject({ error: 'store_unavailable' });
  h.store.commit = commit;
  const late = [
    await mere.request({ type: 'publish', envelope: two, after: one.id }),
    await mere.request({ type: 'publish', envelope: three, after: two.id }),
  ];
  expect(late).toMatchObject([{ error: 'out_of_turn', code: 3004 }, { error: 'out_of_turn' }]);
  for (const [envelope, after] of [[one], [two, one.id], [three, two.id]] as [Envelope, string?][]) {
    const frame = { type: 'publish', envelope, ...(after === undefined ? {} : { after }) } as const;
    expect(await mere.request(frame)).toMatchObject({ log: 'ch:general' });
  }
});

// proves DL-24
test('nor when it was refused while the permission of the one behind was being read', async () => {
  const mere = await h.connect('mere');
  await mere.say('general', 'before');
  const [one, two] = ['one', 'two'].map((text) => mere.envelope({ type: 'channel', id: 'general' }, { text })) as [
    Envelope,
    Envelope,
  ];
  const { commit, get } = h.store;
  const writing = Promise.withResolvers<never>();
  h.store.commit = () => writing.promise;
  const first = mere.request({ type: 'publish', envelope: one });
  const reading = Promise.withResolvers<void>();
  h.store.get = async (...row) => {
    await reading.promise;
    return get.apply(h.store, row);
  };
  // What was cached of permissions is read again after half a minute.
  await h.clock.advance(31_000);
  const second = mere.request({ type: 'publish', envelope: two, after: one.id });
  await h.clock.advance(10);
  writing.reject(new StoreUnavailableError('away'));
  expect(await first).toMatchObject({ error: 'store_unavailable' });
  [h.store.commit, h.store.get] = [commit, get];
  reading.resolve();
  expect(await second).toMatchObject({ error: 'out_of_turn' });
});

test('behind a message that was refused for good the next one goes on', async () => {
  const mere = await h.connect('mere');
  const bad = mere.envelope({ type: 'channel', id: 'general' }, { text: 'ā'.repeat(4_000) });
  expect(await mere.request({ type: 'publish', envelope: bad })).toMatchObject({ error: 'too_large' });
  const next = mere.envelope({ type: 'channel', id: 'general' }, { text: 'short' });
  expect(await mere.request({ type: 'publish', envelope: next, after: bad.id })).toMatchObject({ offset: 1 });
});

// proves PS-4
test('a storm of changes costs each watcher at most four frames a second', async () => {
  const watcher = await h.connect('watcher');
  const people = await Promise.all(Array.from({ length: 100 }, (_, i) => h.connect(`u${i}`)));
  for (const person of people) await person.request({ type: 'subscribe', logs: ['ch:hall'] });
  await watcher.request({ type: 'watch', channels: ['hall'] });
  const before = watcher.of('presence').length;
  for (let second = 0; second < 5; second++) {
    for (const status of ['busy', 'away', 'online']) {
      for (const person of people) person.send({ type: 'presence', status });
      await h.clock.advance(333);
    }
  }
  expect(watcher.of('presence').length - before).toBeLessThanOrEqual(21);
  expect(watcher.of('presence').length - before).toBeGreaterThan(4);
});

// proves PS-5
test('presence of a private channel or of somebody with a block between stays unseen', async () => {
  const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
  const channel = {
    event: SIMULATED_EVENT,
    title: 'Crew',
    topic: '',
    archived: false,
    created_by: 'mere',
    created_at: 0,
  };
  await h.store.commit([
    {
      changes: [
        put(CHANNELS, 'crew', { ...channel, visibility: 'private' }),
        put(CHANNEL_MEMBERS, 'crew/mere', { part: 'moderator', joined_at: 0 }),
        put(BLOCKS, 'mere/rangi', MARK),
        put(BLOCKED_BY, 'rangi/mere', MARK),
      ],
    },
  ]);
  await mere.request({ type: 'subscribe', logs: ['ch:crew'] });
  await rangi.request({ type: 'watch', channels: ['crew'], users: ['mere'] });
  await mere.request({ type: 'watch', channels: ['crew'], users: ['rangi'] });
  await mere.request({ type: 'presence', status: 'busy' });
  await h.clock.advance(1_000);
  expect(rangi.of('presence')).toEqual([]);
  expect(mere.of('presence').every((frame) => frame.channel === 'crew')).toBe(true);
});

// proves GW-17
test('two nodes in one process share nothing', async () => {
  const other = startHarness();
  const [mere, rangi] = [await h.connect('mere'), await other.connect('rangi')];
  await mere.request({ type: 'subscribe', logs: ['ch:general'] });
  await rangi.request({ type: 'subscribe', logs: ['ch:general'] });
  await mere.say('general', 'here');
  await other.clock.advance(1_000);
  expect(rangi.texts()).toEqual([]);
  expect([h.server.node.gateway.connections, other.server.node.gateway.connections]).toEqual([1, 1]);
  const metric = await other.server.node.metrics.registry.getSingleMetricAsString('konferenco_messages_accepted_total');
  expect(metric).not.toContain('chat');
  await other.close();
});

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { BusRecord } from '@konferenco/core';
import { describeBusContract, describeJoinedBusContract } from '@konferenco/testkit/contracts';
import { startNats } from '@konferenco/testkit/servers';
import { openNatsBus } from '../../packages/server/src/adapters/nats/bus.ts';
import { interestSubject } from '../../packages/server/src/adapters/nats/subjects.ts';
import { ForeignClient } from './foreign.ts';
import { natsOptions, settled, twoBuses, until } from './support.ts';

let server: Awaited<ReturnType<typeof startNats>>;
beforeAll(async () => {
  server = await startNats();
});
afterAll(() => server.stop());

const entry = (log: string, offset: number, envelope = '{}'): BusRecord => ({
  kind: 'entry',
  log,
  entry: { offset, at: 1, envelope, rank: 2 },
  pointers: [],
});
const banned: BusRecord = { kind: 'revoked', user: 'ann', reason: 'banned' };

describeBusContract('NATS', async () => {
  const bus = await openNatsBus(natsOptions(server.url));
  return { bus, settle: () => settled(bus) };
});
describeJoinedBusContract('NATS', () => twoBuses(server.url));

describe('the bus on a real NATS', () => {
  // proves BU-3
  test('order holds for each publisher and log, whatever else is published', async () => {
    const { here, there, settle } = await twoBuses(server.url);
    const logs = Array.from({ length: 20 }, (_, i) => `ch:room-${i}`);
    await Promise.all(logs.map((log) => there.follow(log)));
    const got = new Map<string, number[]>();
    there.subscribe((record) => {
      if (record.kind === 'entry') got.set(record.log, [...(got.get(record.log) ?? []), record.entry.offset]);
    });
    for (let offset = 1; offset <= 200; offset++) {
      for (const log of logs) here.publish(entry(log, offset));
      if (offset % 50 === 0) await here.flush();
    }
    await settle();
    const all = Array.from({ length: 200 }, (_, i) => i + 1);
    for (const log of logs) expect(got.get(log)).toEqual(all);
    await Promise.all([here.close(), there.close()]);
  });

  test('a node follows 10,000 interests, with one question to the server for all of them', async () => {
    const { here, there, settle } = await twoBuses(server.url);
    const interests = Array.from({ length: 10_000 }, (_, i) => `in:user-${i}`);
    await Promise.all(interests.map((interest) => there.follow(interest)));
    expect(there.describe().interests).toBe(10_000);
    const got: string[] = [];
    there.subscribe((record) => record.kind === 'transient' && got.push(`in:${record.to}`));
    for (let i = 0; i < 10_000; i++)
      here.publish({ kind: 'transient', log: 'dm:a:b', envelope: '{}', key: 'k', to: `user-${i}` });
    await settle();
    expect(got.sort()).toEqual(interests.sort());
    await Promise.all([here.close(), there.close()]);
  });

  // proves BU-9
  test('records larger together than a message may be are split, and one that is too large alone is dropped and counted', async () => {
    const { here, there, settle } = await twoBuses(server.url);
    await there.follow('ch:hall');
    const got: number[] = [];
    there.subscribe((record) => record.kind === 'entry' && got.push(record.entry.offset));
    const large = JSON.stringify({ text: 'é'.repeat(30_000) });
    for (let offset = 1; offset <= 60; offset++) here.publish(entry('ch:hall', offset, large));
    here.publish(entry('ch:hall', 61, JSON.stringify({ text: 'x'.repeat(2_000_000) })));
    here.publish(entry('ch:hall', 62));
    await settle();
    expect(got).toEqual([...Array.from({ length: 60 }, (_, i) => i + 1), 62]);
    expect(here.describe()).toMatchObject({ dropped: 1, records_out: 61 });
    expect(here.describe().messages_out).toBeGreaterThan(10);
    await Promise.all([here.close(), there.close()]);
  });

  // proves BU-8
  test('what strangers and other versions publish is counted and ignored, and the next record comes', async () => {
    const { here, there, options, settle } = await twoBuses(server.url);
    await there.follow('ch:hall');
    const got: BusRecord[] = [];
    there.subscribe((record) => got.push(record));
    const stranger = await ForeignClient.connect(server.url);
    const subject = interestSubject(options.prefix ?? '', 'ch:hall');
    for (const payload of [
      '',
      'no JSON',
      '[]',
      '{"v":1}',
      '{"v":1,"records":[null,{"kind":7},{"kind":"entry","log":1}]}',
    ])
      stranger.publish(subject, payload);
    stranger.publish(subject, new Uint8Array([0xff, 0xfe, 0x00]));
    stranger.publish(subject, '{"v":2,"records":[{},{}]}');
    stranger.publish(subject, '{"v":1,"records":[{"kind":"weather"}]}');
    await stranger.flush();
    here.publish(entry('ch:hall', 1));
    await settle();
    expect(got).toEqual([entry('ch:hall', 1)]);
    expect(there.describe()).toMatchObject({ malformed: 8, unknown: 3 });
    stranger.close();
    await Promise.all([here.close(), there.close()]);
  });

  test('a receiver that throws harms neither the other receivers nor the connection', async () => {
    const { here, there, options, settle } = await twoBuses(server.url);
    const got: BusRecord[] = [];
    there.subscribe(() => {
      throw new Error('broken receiver');
    });
    there.subscribe((record) => got.push(record));
    here.publish(banned);
    here.publish(banned);
    await settle();
    expect(got).toEqual([banned, banned]);
    expect(options.faults).toHaveLength(2);
    await Promise.all([here.close(), there.close()]);
  });

  // proves BU-10
  test('two systems with different prefixes share a NATS and hear nothing of each other', async () => {
    const one = await openNatsBus(natsOptions(server.url, { prefix: 'one' }));
    const two = await openNatsBus(natsOptions(server.url, { prefix: 'two' }));
    const got: BusRecord[] = [];
    await two.follow('ch:hall');
    two.subscribe((record) => got.push(record));
    one.publish(entry('ch:hall', 1));
    one.publish(banned);
    await settled(one, two);
    expect(got).toEqual([]);
    await Promise.all([one.close(), two.close()]);
  });
});

describe('an outage of NATS', () => {
  // proves BU-2, BU-6
  test('nothing is thrown, records are dropped and counted, and flow again before the node hears that the bus is back', async () => {
    const { here, there, options, settle } = await twoBuses(server.url);
    await there.follow('ch:hall');
    const got: number[] = [];
    there.subscribe((record) => record.kind === 'entry' && got.push(record.entry.offset));
    await server.kill();
    await until(() => !here.describe().connected && !there.describe().connected, 'both notice that NATS is away');
    here.publish(entry('ch:hall', 1));
    expect(here.describe().dropped).toBe(1);
    // A page that opens now must not hang until NATS is back.
    await there.follow('ch:other');
    const back = [here, there].map((bus) => new Promise<void>((resolve) => bus.onReconnect(resolve)));
    await server.restart();
    await Promise.all(back);
    here.publish(entry('ch:hall', 2));
    here.publish(entry('ch:other', 3));
    await settle();
    expect(got).toEqual([2, 3]);
    expect(there.describe()).toMatchObject({ connected: true, reconnects: 1 });
    expect(options.faults).toEqual([]);
    await Promise.all([here.close(), there.close()]);
  });

  // proves BU-7
  test('a NATS that hangs costs records, not memory, and goes on where it can', async () => {
    const { here, there, settle } = await twoBuses(server.url);
    await there.follow('ch:hall');
    const text = JSON.stringify({ text: 'x'.repeat(50_000) });
    server.pause();
    try {
      for (let offset = 1; offset <= 400; offset++) here.publish(entry('ch:hall', offset, text));
      await Promise.race([here.flush(), Bun.sleep(0)]);
      expect(here.describe().dropped).toBeGreaterThan(100);
    } finally {
      server.resume();
    }
    await until(() => here.describe().connected && there.describe().connected, 'both are back');
    const got: BusRecord[] = [];
    await settle();
    there.subscribe((record) => got.push(record));
    here.publish(entry('ch:hall', 401));
    await settle();
    expect(got).toEqual([entry('ch:hall', 401)]);
    await Promise.all([here.close(), there.close()]);
  });
});

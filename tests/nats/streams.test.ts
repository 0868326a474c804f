import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StreamEntry } from '@konferenco/core';
import { SeededRandom } from '@konferenco/testkit';
import { startNats } from '@konferenco/testkit/servers';
import { NatsStartError } from '../../packages/server/src/adapters/nats/errors.ts';
import {
  type NatsStreams,
  type NatsStreamsOptions,
  openNatsStreams,
} from '../../packages/server/src/adapters/nats/streams.ts';
import { type Handler, startConsumers, TryLaterError } from '../../packages/server/src/feed/consumer.ts';
import { GROUPS } from '../../packages/server/src/feed/groups.ts';
import { systemClock } from '../../packages/server/src/runtime/system.ts';
import { ForeignClient } from './foreign.ts';
import { natsOptions, until } from './support.ts';

let server: Awaited<ReturnType<typeof startNats>>;
beforeAll(async () => {
  server = await startNats();
});
afterAll(() => server.stop());

const entry = (number: number, more: Partial<StreamEntry> = {}): StreamEntry => ({
  stream: 'CHAT',
  event: 'main',
  type: 'chat',
  subtype: 'channel_message',
  log: 'ch:a',
  offset: number,
  at: number,
  id: `id-${number}`,
  sender: 'ann',
  envelope: `{"n":${number}}`,
  ...more,
});
const quick = { ...GROUPS, push: { ...GROUPS.push, streams: ['CHAT'] as const, tries: 3, pauses_ms: [1, 1] } };

function consume(streams: NatsStreams, push: Handler, faults: unknown[] = []) {
  const onFault = (error: unknown) => faults.push(error);
  const deps = { source: streams, clock: systemClock, random: new SeededRandom(3), onFault };
  return startConsumers(deps, { push }, quick);
}

// proves BU-11
describe('a start whose streams cannot be used says what to do', () => {
  const complaint = async (options: NatsStreamsOptions): Promise<NatsStartError> => {
    const error = await openNatsStreams(options).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NatsStartError);
    return error as NatsStartError;
  };

  test('a stream made otherwise names what is wrong and how to put it right', async () => {
    const options = natsOptions(server.url);
    const admin = await ForeignClient.connect(server.url);
    const name = `${options.prefix}_CHAT`;
    const wrong = {
      name,
      subjects: [`${options.prefix}.CHAT.>`],
      storage: 'memory',
      retention: 'limits',
      num_replicas: 1,
    };
    await admin.request(`$JS.API.STREAM.CREATE.${name}`, wrong);
    const { problem, message } = await complaint(options);
    expect(problem).toBe('wrong_stream');
    expect(message).toContain('storage is memory and should be file');
    expect(message).toContain(`nats stream rm ${name}`);
    await admin.request(`$JS.API.STREAM.DELETE.${name}`, {});
    admin.close();
    await (await openNatsStreams(options)).close();
    // And once more, over what is there now.
    await (await openNatsStreams(options)).close();
  });

  test('three copies asked of one server', async () => {
    const { problem } = await complaint({ ...natsOptions(server.url), replicas: 3 });
    expect(problem).toBe('wrong_stream');
  });

  test('a NATS without JetStream', async () => {
    const file = join(tmpdir(), `nats-${crypto.randomUUID()}.conf`);
    await Bun.write(file, 'accounts { none: { users: [{ user: a, password: b }] } }\nno_auth_user: a\n');
    const without = await startNats({ options: ['-c', file] });
    const { problem, message } = await complaint(natsOptions(without.url));
    expect([problem, message]).toEqual(['no_jetstream', expect.stringContaining('-js')]);
    await without.stop();
    await Bun.file(file).delete();
  });
});

describe('consumer groups', () => {
  // proves BU-15, BU-18
  test('each message is handled once between the members of a group, and the lag is told', async () => {
    const options = natsOptions(server.url);
    const [one, two] = await Promise.all([openNatsStreams(options), openNatsStreams(options)]);
    const handled: number[] = [];
    const push: Handler = async (records) => void handled.push(...records.map(({ sequence }) => sequence));
    await one.append(Array.from({ length: 500 }, (_, i) => entry(i + 1)));
    const members = [consume(one, push), consume(two, push)];
    await until(() => handled.length >= 500, 'all are handled');
    expect(handled.sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    await Promise.all(members.map((member) => member.close()));
    await one.append([entry(501), entry(502)]);
    const chat = (await one.streamsReport()).find(({ name }) => name === `${options.prefix}_CHAT`);
    expect(chat).toMatchObject({ messages: 502, consumers: [{ name: 'push', pending: 2, ackPending: 0 }] });
    await Promise.all([one.close(), two.close()]);
  });

  // proves BU-16
  test('a message at fault goes to the dead letters after its tries, and the others go on', async () => {
    const streams = await openNatsStreams(natsOptions(server.url));
    const handled = new Set<number>();
    const attempts: number[] = [];
    const faults: unknown[] = [];
    const member = consume(
      streams,
      async (records) => {
        if (records.length === 1 && records[0]?.offset === 5) attempts.push(1);
        if (records.some(({ offset }) => offset === 5)) throw new RangeError('five is too much');
        for (const { offset } of records) handled.add(offset);
      },
      faults,
    );
    await streams.append(Array.from({ length: 20 }, (_, i) => entry(i + 1)));
    await until(() => member.describe().some(({ counts }) => counts.dead === 1), 'one is given up');
    expect(handled).toEqual(new Set(Array.from({ length: 20 }, (_, i) => i + 1).filter((offset) => offset !== 5)));
    expect(attempts).toHaveLength(3);
    expect(faults.map(String)).toEqual([
      expect.stringContaining('message 5 of stream CHAT: RangeError: five is too much'),
    ]);
    expect(await streams.deadLetters(10)).toEqual([
      { group: 'push', stream: 'CHAT', sequence: 5, reason: 'RangeError: five is too much', at: expect.any(Number) },
    ]);
    await member.close();
    await streams.close();
  });

  test('what is no message of ours is a dead letter at once', async () => {
    const options = natsOptions(server.url);
    const streams = await openNatsStreams(options);
    const stranger = await ForeignClient.connect(server.url);
    stranger.publish(`${options.prefix}.CHAT.-.chat.x.y`, 'no JSON');
    await stranger.flush();
    stranger.close();
    const handled: number[] = [];
    const member = consume(streams, async (records) => void handled.push(...records.map(({ offset }) => offset)));
    await streams.append([entry(1)]);
    await until(() => handled.length === 1, 'the first is handled');
    expect((await streams.deadLetters(10)).map(({ reason }) => reason)).toEqual(['nobody can read it']);
    await member.close();
    await streams.close();
  });

  // proves BU-17
  test('while what a handler needs is away, messages wait, however long, and none is given up', async () => {
    const streams = await openNatsStreams(natsOptions(server.url));
    const faults: unknown[] = [];
    let away = 6;
    const handled: number[] = [];
    const member = consume(
      streams,
      async (records) => {
        if (away-- > 0) throw new TryLaterError('the push service is away');
        handled.push(...records.map(({ offset }) => offset));
      },
      faults,
    );
    await streams.append([entry(1), entry(2)]);
    await until(() => handled.length === 2, 'the second is handled');
    expect(handled).toEqual([1, 2]);
    expect(member.describe()[0]?.counts).toMatchObject({ handled: 2, dead: 0, outages: 6 });
    expect(faults).toHaveLength(1);
    await member.close();
    await streams.close();
  }, 120_000);

  test('a group goes on after NATS was killed and started again', async () => {
    const streams = await openNatsStreams(natsOptions(server.url));
    const handled = new Set<number>();
    const member = consume(streams, async (records) => {
      for (const { offset } of records) handled.add(offset);
    });
    await streams.append(Array.from({ length: 100 }, (_, i) => entry(i + 1)));
    await until(() => handled.size === 100, 'a hundred are handled');
    await server.kill();
    await until(() => !streams.describe().connected, 'NATS is away');
    await server.restart();
    await until(() => streams.describe().connected, 'NATS is back');
    await streams.append(Array.from({ length: 100 }, (_, i) => entry(i + 101)));
    await until(() => handled.size === 200, 'two hundred are handled');
    await member.close();
    await streams.close();
  }, 120_000);
});

import { describe, expect, test } from 'bun:test';
import { ERROR_CODES, LIMITS, PRIORITY_RANK, type ServerFrame, timeOfUuid } from '@konferenco/protocol';
import { KonferencoError } from './errors.ts';
import { memoryOutbox } from './storage/memory.ts';
import { type Fixture, fixture, texts } from './testing/fixture.ts';
import { settle } from './testing/virtual-clock.ts';
import type { OutboxStore } from './types.ts';

const errorFrame = (ref: number, error: keyof typeof ERROR_CODES, retry_after_ms?: number): ServerFrame => ({
  type: 'error',
  ref,
  code: ERROR_CODES[error].code,
  error,
  message: ERROR_CODES[error].text,
  ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
});

/** Refuses the first `times` publishes. */
function refusing(
  server: ReturnType<typeof fixture>['server'],
  times: number,
  error: keyof typeof ERROR_CODES,
  retry_after_ms?: number,
): void {
  let left = times;
  server.intercept = (frame) => {
    if (frame.type !== 'publish' || frame.ref === undefined || left === 0) return undefined;
    left--;
    return [errorFrame(frame.ref, error, retry_after_ms)];
  };
}

describe('across a lost connection', () => {
  // proves CL-2
  test('a message whose answer was lost is sent again, byte for byte, and stored once', async () => {
    const { client, server, connect, reconnect } = fixture();
    await connect();
    const states: string[] = [];
    const sending = client.channel('hall').send('once', { onState: (state) => states.push(state) });
    await settle();
    await server.serveOne();
    expect(server.log('ch:hall').items).toHaveLength(1);
    await server.cut();
    expect(client.waiting).toBe(1);
    await reconnect();
    expect(await sending).toMatchObject({ offset: 1 });
    expect(server.log('ch:hall').items).toHaveLength(1);
    const [first, second] = server.framesOf('publish');
    expect(JSON.stringify(first?.envelope)).toBe(JSON.stringify(second?.envelope));
    expect(states).toEqual(['saving', 'queued', 'sent', 'queued', 'sent', 'stored']);
  });

  test('each message that leaves behind another of its conversation names it, and no other does', async () => {
    const { client, server, connect } = fixture();
    await connect();
    const said = { a: 'hall', b: 'hall', c: 'foyer', d: 'hall' };
    for (const [text, channel] of Object.entries(said)) void client.channel(channel).send(text);
    await settle();
    for (let n = 0; n < 10; n++) await server.serveOne();
    const frames = server.framesOf('publish');
    const textOf = (id: string | undefined) =>
      frames.find(({ envelope }) => envelope.id === id)?.envelope.payload['text'];
    expect(frames.map(({ envelope, after }) => `${textOf(after)} ${textOf(envelope.id)}`)).toEqual([
      'undefined a',
      'a b',
      'undefined c',
      'b d',
    ]);
  });

  // proves CL-3
  test('what was written offline keeps its order within the conversation', async () => {
    const { client, server, connect } = fixture();
    const hall = client.channel('hall');
    for (let i = 0; i < 100; i++) void hall.send(`m${i}`);
    await connect();
    expect(server.log('ch:hall').items.map(({ envelope }) => envelope?.payload.text)).toEqual(
      Array.from({ length: 100 }, (_, i) => `m${i}`),
    );
  });

  test('no more than the window is on its way at one time', async () => {
    const { client, server, connect } = fixture();
    await connect();
    for (let i = 0; i < 50; i++) void client.channel('hall').send(`m${i}`);
    await settle();
    expect(server.wires.toServer).toHaveLength(32);
  });

  // proves CL-1
  test('a kept outbox is taken up by the next start of the program', async () => {
    const outbox = memoryOutbox();
    const before = fixture({ outbox });
    const lost = before.client.channel('hall').send('written yesterday');
    await settle();
    await before.client.close();
    await expect(lost).rejects.toMatchObject({ error: 'closed' });
    const after = fixture({ outbox });
    await after.connect();
    expect(after.server.log('ch:hall').items).toHaveLength(1);
    expect(await outbox.load()).toEqual([]);
  });
});

describe('refusals', () => {
  // proves CL-5
  test('a rate limit keeps the message, says when it will go, and sends it then', async () => {
    const { client, server, clock, connect } = fixture();
    await connect();
    refusing(server, 1, 'rate_limited', 5_000);
    const hall = client.channel('hall');
    const sending = hall.send('patient');
    await server.flush();
    const [message] = hall.state().timeline;
    expect(message).toMatchObject({ state: 'queued', error: { error: 'rate_limited', retry_at: clock.now() + 5_000 } });
    const later = hall.send('behind it');
    await clock.pass(4_999);
    expect(server.wires.toServer).toEqual([]);
    await clock.pass(1);
    await server.flush();
    expect([(await sending).offset, (await later).offset]).toEqual([1, 2]);
    expect(hall.state().timeline[0]).not.toHaveProperty('error');
  });

  // proves CL-5
  test('a lasting refusal fails the message with its reason; it can be tried again or discarded', async () => {
    const { client, server, connect } = fixture();
    await connect();
    refusing(server, 1, 'forbidden');
    const hall = client.channel('hall');
    const sending = hall.send('no entry');
    sending.catch(() => {});
    await server.flush();
    await expect(sending).rejects.toBeInstanceOf(KonferencoError);
    const [failed] = hall.state().timeline;
    if (failed?.kind !== 'message') throw new Error('no message');
    expect(failed).toMatchObject({ state: 'failed', error: { error: 'forbidden' } });
    expect(client.waiting).toBe(0);
    hall.retry(failed.id);
    await server.flush();
    expect(hall.state().timeline[0]).toMatchObject({ state: 'stored', offset: 1 });
    refusing(server, 1, 'forbidden');
    hall.send('away with it').catch(() => {});
    await server.flush();
    const second = hall.state().timeline[1];
    if (second?.kind !== 'message') throw new Error('no message');
    hall.discard(second.id);
    expect(texts(hall.state())).toEqual(['no entry']);
  });

  test('an overloaded server is asked again with back-off', async () => {
    const { client, server, clock, connect } = fixture();
    await connect();
    refusing(server, 3, 'overloaded');
    const sending = client.channel('hall').send('again');
    for (let tries = 0; tries < 10; tries++) {
      await server.flush();
      await clock.pass(5_000);
    }
    expect(await sending).toMatchObject({ offset: 1 });
    expect(server.framesOf('publish')).toHaveLength(4);
  });

  test('an id that is too old is replaced once, and the message keeps its place', async () => {
    const { client, server, connect } = fixture();
    await connect();
    refusing(server, 1, 'id_out_of_range');
    const hall = client.channel('hall');
    const sending = hall.send('under a new name');
    await server.flush();
    await server.flush();
    const receipt = await sending;
    const [first, second] = server.framesOf('publish').map(({ envelope }) => envelope.id);
    expect(second).not.toBe(first);
    expect(receipt.id).toBe(second as string);
    expect(texts(hall.state())).toEqual(['under a new name']);
  });

  test('what was written by a clock that was ahead goes out under an id of the right time', async () => {
    const all: Fixture = fixture({}, { now: () => all.clock.now() + 3_600_000 });
    all.server.intercept = (frame) =>
      frame.type === 'publish' &&
      frame.ref !== undefined &&
      timeOfUuid(frame.envelope.id) > all.clock.now() + LIMITS.id_ahead_ms
        ? [errorFrame(frame.ref, 'id_out_of_range')]
        : undefined;
    const sending = all.client.channel('hall').send('from the future');
    await all.connect();
    await all.server.flush();
    expect(await sending).toMatchObject({ offset: 1 });
    expect(all.server.log('ch:hall').items[0]?.envelope?.timestamp).toBe(all.clock.now());
  });

  test('a silent server counts as a passing failure', async () => {
    const { client, server, clock, connect } = fixture();
    await connect();
    server.heartbeat_ms = 1e9;
    server.intercept = (frame) => (frame.type === 'publish' ? [] : undefined);
    const hall = client.channel('hall');
    const sending = hall.send('hello?');
    await server.flush();
    await clock.pass(20_000);
    expect(hall.state().timeline[0]).toMatchObject({ state: 'queued', error: { error: 'timeout' } });
    server.intercept = () => undefined;
    await clock.pass(2_000);
    await server.flush();
    expect(await sending).toMatchObject({ offset: 1 });
  });
});

describe('bounds', () => {
  // proves CL-4
  test('a full outbox refuses the next message with a typed error', async () => {
    const { client } = fixture();
    const hall = client.channel('hall');
    for (let i = 0; i < LIMITS.outbox_entries; i++) void hall.send(`m${i}`);
    await expect(hall.send('one too many')).rejects.toMatchObject({ error: 'outbox_full', recourse: 'later' });
    expect(client.waiting).toBe(LIMITS.outbox_entries);
  });

  // proves CL-4
  test('a message that waited too long is given up and says so', async () => {
    const { client, clock, connect } = fixture();
    const hall = client.channel('hall');
    const sending = hall.send('stale');
    sending.catch(() => {});
    await clock.pass(LIMITS.outbox_ms + 1);
    await connect();
    await expect(sending).rejects.toMatchObject({ error: 'expired' });
    expect(hall.state().timeline[0]).toMatchObject({ state: 'failed' });
  });

  test('a waiting message can be discarded before it goes', async () => {
    const { client, server, connect } = fixture();
    const hall = client.channel('hall');
    const sending = hall.send('never mind');
    sending.catch(() => {});
    const [waiting] = hall.state().timeline;
    if (waiting?.kind !== 'message') throw new Error('no message');
    hall.discard(waiting.id);
    await expect(sending).rejects.toMatchObject({ error: 'discarded' });
    expect(hall.state().timeline).toEqual([]);
    await connect();
    expect(server.log('ch:hall').items).toEqual([]);
  });
});

/** A store that answers when the test says so. */
function slowOutbox() {
  const kept = memoryOutbox();
  const answers: { readonly keep: () => void; readonly fail: (error: Error) => void }[] = [];
  const store: OutboxStore = {
    load: kept.load,
    delete: kept.delete,
    put: (entry) => new Promise((keep, fail) => answers.push({ keep: () => keep(kept.put(entry)), fail })),
  };
  return { store, answers };
}

describe('keeping', () => {
  // proves CL-14
  test('a message is said to wait, and leaves, only once the store has it', async () => {
    const { store, answers } = slowOutbox();
    const { client, server, connect } = fixture({ outbox: store });
    await connect();
    const states: string[] = [];
    const hall = client.channel('hall');
    const sending = hall.send('kept first', { onState: (state) => states.push(state) });
    await settle();
    expect(hall.state().timeline[0]).toMatchObject({ text: 'kept first', state: 'saving' });
    expect(server.framesOf('publish')).toEqual([]);
    answers[0]?.keep();
    await settle();
    await server.flush();
    expect(await sending).toMatchObject({ offset: 1 });
    expect(states).toEqual(['saving', 'queued', 'sent', 'stored']);
  });

  // proves CL-14
  test('a store that fails is said, and the message waits in memory, marked so, and goes all the same', async () => {
    const { store, answers } = slowOutbox();
    const { client, server, connect, reconnect } = fixture({ outbox: store });
    const errors: string[] = [];
    client.on('error', ({ error }) => errors.push(error));
    const hall = client.channel('hall');
    const sending = hall.send('from memory');
    answers[0]?.fail(new Error('disk full'));
    await settle();
    expect(errors).toEqual(['storage']);
    expect(hall.state().timeline[0]).toMatchObject({ state: 'queued', error: { error: 'storage' } });
    await connect();
    expect(await sending).toMatchObject({ offset: 1 });
    const cut = hall.send('cut off');
    answers[1]?.fail(new Error('disk full'));
    await settle();
    await server.cut();
    expect(hall.state().timeline[1]).toMatchObject({ state: 'queued', error: { error: 'storage' } });
    await reconnect();
    expect(await cut).toMatchObject({ offset: 2 });
    expect(hall.state().timeline[1]).not.toHaveProperty('error');
  });

  test('what is discarded while it is being kept does not come back', async () => {
    const { store, answers } = slowOutbox();
    const { client } = fixture({ outbox: store });
    const hall = client.channel('hall');
    const sending = hall.send('never mind');
    sending.catch(() => {});
    const [message] = hall.state().timeline;
    if (message?.kind !== 'message') throw new Error('no message');
    hall.discard(message.id);
    await expect(sending).rejects.toMatchObject({ error: 'discarded' });
    answers[0]?.keep();
    await settle();
    expect(await store.load()).toEqual([]);
    expect(hall.state().timeline).toEqual([]);
  });

  test('the entry carries how urgent its type is', async () => {
    const outbox = memoryOutbox();
    const { client } = fixture({ outbox });
    void client.channel('hall').send('as usual');
    await settle();
    expect((await outbox.load()).map(({ priority }) => priority)).toEqual([PRIORITY_RANK.normal]);
  });
});

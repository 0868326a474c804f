import { afterEach, beforeEach, describe, expect, spyOn, test } from 'bun:test';
import { type Harness, startHarness } from './harness.ts';

let h: Harness;
beforeEach(() => {
  h = startHarness();
});
afterEach(() => h.close());

describe('a channel', () => {
  test('every subscriber gets a message once, the sender included, and the sender its position', async () => {
    const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
    for (const client of [mere, rangi]) {
      expect(await client.request({ type: 'subscribe', logs: ['ch:general'] })).toEqual({
        logs: { 'ch:general': { first: 0, head: 0 } },
      });
    }
    expect(await mere.say('general', 'Kia ora')).toMatchObject({ log: 'ch:general', offset: 1 });
    await h.clock.advance(50);
    expect(mere.texts()).toEqual(['Kia ora']);
    expect(rangi.texts()).toEqual(['Kia ora']);
  });

  // proves DL-14
  test('everybody who comes within a second learns where it stands by one look at the store, and misses nothing', async () => {
    const asked = spyOn(h.store, 'states');
    const questions = () => asked.mock.calls.filter(([logs]) => logs.includes('ch:general')).length;
    const enter = async (user: string) => {
      const client = await h.connect(user);
      const answer = await client.request({ type: 'subscribe', logs: ['ch:general'] });
      return { client, state: (answer['logs'] as Record<string, object>)['ch:general'] };
    };
    const mere = await enter('mere');
    await mere.client.say('general', 'one');
    await h.clock.advance(50);
    const rangi = await enter('rangi');
    expect(questions()).toBe(1);
    expect(rangi.state).toMatchObject({ head: 1 });
    await mere.client.say('general', 'two');
    await h.clock.advance(1_000);
    expect(rangi.client.texts()).toEqual(['two']);
    const aroha = await enter('aroha');
    expect(aroha.state).toEqual({ first: 1, head: 2 });
  });

  // proves DL-4
  test('the same envelope again is answered with its first position and not delivered again', async () => {
    const mere = await h.connect('mere');
    await mere.request({ type: 'subscribe', logs: ['ch:general'] });
    const envelope = mere.envelope({ type: 'channel', id: 'general' }, { text: 'once' });
    const first = await mere.request({ type: 'publish', envelope });
    const again = await mere.request({ type: 'publish', envelope });
    expect(again).toMatchObject({ offset: first['offset'], duplicate: true });
    expect(
      await mere.request({ type: 'publish', envelope: { ...envelope, payload: { text: 'other' } } }),
    ).toMatchObject({ error: 'id_reused' });
    await h.clock.advance(50);
    expect(mere.texts()).toEqual(['once']);
  });

  // proves DL-11
  test('frames take effect in the order they were sent, also when the first must wait for a permission', async () => {
    const mere = await h.connect('mere');
    mere.send({ type: 'subscribe', ref: 901, logs: ['ch:new'] });
    for (const text of ['one', 'two', 'three']) {
      mere.send({ type: 'publish', envelope: mere.envelope({ type: 'channel', id: 'new' }, { text }) });
    }
    await h.clock.advance(100);
    expect(mere.texts()).toEqual(['one', 'two', 'three']);
  });

  test('history gives pages from both ends', async () => {
    const mere = await h.connect('mere');
    for (let i = 1; i <= 25; i++) await mere.say('general', `m${i}`);
    const texts = (page: Record<string, unknown>) =>
      (page['items'] as { envelope: { payload: { text: string } } }[]).map((item) => item.envelope.payload.text);
    const newest = await mere.request({ type: 'history', log: 'ch:general', limit: 10 });
    expect(texts(newest)).toEqual(Array.from({ length: 10 }, (_, i) => `m${i + 16}`));
    expect(newest).toMatchObject({ first: 1, head: 25, has_more: true });
    expect(texts(await mere.request({ type: 'history', log: 'ch:general', before: 3 }))).toEqual(['m1', 'm2']);
    expect(texts(await mere.request({ type: 'history', log: 'ch:general', after: 23 }))).toEqual(['m24', 'm25']);
  });

  // proves DL-19, DL-20
  test('an edit that another one overtook is decided anew, and both are kept', async () => {
    const mere = await h.connect('mere');
    const to = { type: 'channel', id: 'general' } as const;
    const original = mere.envelope(to, { text: 'first words' });
    await mere.request({ type: 'publish', envelope: original });
    const edit = (text: string) => mere.envelope(to, { target: original.id, text }, 'edit');
    const commit = spyOn(h.store, 'commit');
    commit.mockImplementationOnce(async () => [{ kind: 'conflict', collection: 'edit', key: 'ch:general' }]);
    expect(await mere.request({ type: 'publish', envelope: edit('second') })).toMatchObject({ offset: 2 });
    expect(await mere.request({ type: 'publish', envelope: edit('third') })).toMatchObject({ offset: 3 });
  });

  test('an edit is its author’s alone; a deletion leaves nothing of the message or its edits to read', async () => {
    const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
    const to = { type: 'channel', id: 'general' } as const;
    const original = mere.envelope(to, { text: 'first words' });
    await mere.request({ type: 'publish', envelope: original });
    const edit = { target: original.id, text: 'better words' };
    expect(await rangi.request({ type: 'publish', envelope: rangi.envelope(to, edit, 'edit') })).toMatchObject({
      error: 'forbidden',
    });
    expect(await mere.request({ type: 'publish', envelope: mere.envelope(to, edit, 'edit') })).toMatchObject({
      offset: 2,
    });
    expect(
      await rangi.request({ type: 'publish', envelope: rangi.envelope(to, { target: original.id }, 'delete') }),
    ).toMatchObject({ error: 'forbidden' });
    expect(
      await mere.request({ type: 'publish', envelope: mere.envelope(to, { target: original.id }, 'delete') }),
    ).toMatchObject({ offset: 3 });
    const history = await rangi.request({ type: 'history', log: 'ch:general' });
    expect(JSON.stringify(history)).not.toContain('words');
    expect(history['items']).toMatchObject([
      { offset: 1, gone: 'erased' },
      { offset: 2, gone: 'erased' },
      { offset: 3 },
    ]);
    expect(await mere.request({ type: 'publish', envelope: mere.envelope(to, edit, 'edit') })).toMatchObject({
      error: 'conflict',
    });
  });

  // proves DL-16
  test('a mention reaches the inbox of whoever is not listening', async () => {
    const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
    const envelope = mere.envelope({ type: 'channel', id: 'general' }, { text: 'ask @rangi', mentions: ['rangi'] });
    await mere.request({ type: 'publish', envelope });
    await h.clock.advance(50);
    expect(rangi.of('inbox')[0]?.items[0]).toMatchObject({ reason: 'mention', log: 'ch:general', offset: 1, inbox: 1 });
  });
});

describe('a direct message', () => {
  // proves DL-15, DL-17
  test('reaches both people’s inboxes, and a later connection finds it by its cursor', async () => {
    const mere = await h.connect('mere');
    expect(await mere.tell('rangi', 'are you there?')).toMatchObject({ log: 'dm:mere:rangi', offset: 1 });
    await h.clock.advance(50);
    expect(mere.of('inbox')).toHaveLength(1);
    const rangi = await h.connect('rangi', { hello: false });
    expect(await rangi.request({ type: 'hello', device_id: 'phone' })).toMatchObject({
      inbox: { cursor: null, first: 1, head: 1 },
    });
    const page = await rangi.request({ type: 'history', log: 'in:rangi', after: 0 });
    expect(page['items']).toMatchObject([
      { inbox: 1, reason: 'direct', log: 'dm:mere:rangi', envelope: { payload: { text: 'are you there?' } } },
    ]);
    rangi.send({ type: 'ack', inbox: 1 });
    await h.clock.advance(1_000);
    expect(await h.store.cursor('rangi', 'phone')).toBe(1);
  });

  // proves DL-18, PS-6
  test('typing comes to the other person and is kept nowhere', async () => {
    const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
    mere.send({ type: 'publish', envelope: mere.envelope({ type: 'user', id: 'rangi' }, { active: true }, 'typing') });
    await h.clock.advance(50);
    expect(rangi.of('transient')).toMatchObject([{ log: 'dm:mere:rangi', envelope: { subtype: 'typing' } }]);
    expect(await h.store.states(['dm:mere:rangi'])).toEqual([{ first: 0, head: 0 }]);
  });

  // proves PS-7
  test('a read mark goes to the reader’s other devices and the other person, and is kept', async () => {
    const [mere, rangi, phone] = [await h.connect('mere'), await h.connect('rangi'), await h.connect('rangi')];
    await mere.tell('rangi', 'hello');
    rangi.send({
      type: 'publish',
      envelope: rangi.envelope({ type: 'user', id: 'mere' }, { log: 'dm:mere:rangi', offset: 1 }, 'read'),
    });
    await h.clock.advance(6_000);
    for (const client of [mere, phone])
      expect(client.of('transient')).toMatchObject([{ envelope: { subtype: 'read', payload: { offset: 1 } } }]);
    expect((await h.store.get('read', 'rangi/dm:mere:rangi'))?.value).toEqual({ offset: 1 });
  });
});

describe('what is refused', () => {
  // proves DL-2, AC-7
  test('another’s name as sender, another’s inbox, another’s conversation', async () => {
    const [mere, rangi] = [await h.connect('mere'), await h.connect('rangi')];
    const forged = {
      ...mere.envelope({ type: 'channel', id: 'general' }, { text: 'I am rangi' }),
      from: { user_id: 'rangi' },
    };
    expect(await mere.request({ type: 'publish', envelope: forged })).toMatchObject({ error: 'sender_mismatch' });
    await rangi.tell('aroha', 'secret');
    expect(await mere.request({ type: 'history', log: 'in:rangi' })).toMatchObject({ type: 'error' });
    expect(await mere.request({ type: 'history', log: 'dm:aroha:rangi' })).toMatchObject({ type: 'error' });
    expect(await mere.request({ type: 'subscribe', logs: ['dm:aroha:rangi', 'in:rangi'] })).toMatchObject({
      logs: { 'dm:aroha:rangi': { error: 'invalid' }, 'in:rangi': { error: 'invalid' } },
    });
  });

  // proves GW-12
  test('a frame before hello, a second hello, a frame that is none', async () => {
    const early = await h.connect('mere', { hello: false });
    expect(await early.request({ type: 'history', log: 'ch:general' })).toMatchObject({ error: 'unexpected_frame' });
    await early.request({ type: 'hello' });
    expect(await early.request({ type: 'hello' })).toMatchObject({ error: 'unexpected_frame' });
    for (const text of ['', 'null', '[]', '{', '{"type":"toString"}', '{"type":"__proto__"}']) early.send(text);
    await h.clock.advance(50);
    expect(early.of('error').filter((frame) => frame.error === 'malformed')).toHaveLength(6);
  });

  // proves DL-7
  test('messages faster than the rate, with the time to come back', async () => {
    await h.close();
    h = startHarness({ rateLimits: true });
    const mere = await h.connect('mere');
    for (let i = 0; i < 10; i++) expect(await mere.say('general', `${i}`)).toMatchObject({ offset: i + 1 });
    const refused = await mere.say('general', 'too fast');
    expect(refused).toMatchObject({ error: 'rate_limited', code: 3000 });
    await h.clock.advance(Number(refused['retry_after_ms']));
    expect(await mere.say('general', 'later')).toMatchObject({ offset: 11 });
  });
});

describe('a load script’s short frames', () => {
  // proves PR-11
  test('chat comes back flat with its timestamp, and nothing else comes', async () => {
    const [one, two] = [await h.connect('1', { short: true }), await h.connect('2', { short: true })];
    for (const client of [one, two]) client.send({ type: 'subscribe', channel: 'event-main' });
    await h.clock.advance(50);
    one.send({ type: 'chat', channel: 'event-main', text: 'Message from VU 1', timestamp: 1_700_000_000_123 });
    await h.clock.advance(50);
    for (const client of [one, two]) {
      expect(client.frames as unknown[]).toMatchObject([
        {
          type: 'chat',
          channel: 'event-main',
          from: '1',
          text: 'Message from VU 1',
          timestamp: 1_700_000_000_123,
          offset: 1,
        },
      ]);
    }
  });
});

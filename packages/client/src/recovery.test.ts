import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { HOLE_GRACE_MS } from './log-feed.ts';
import { fixture, texts } from './testing/fixture.ts';
import { settle } from './testing/virtual-clock.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `m${from + i}`);

async function opened() {
  const all = fixture();
  const arrived: number[] = [];
  all.client.on('message', ({ item }) => arrived.push(item.offset));
  await all.connect();
  const hall = all.client.channel('hall');
  const opening = hall.open();
  await all.server.flush();
  await opening;
  return { ...all, hall, arrived };
}

describe('recovering a channel after a break', () => {
  test('what was missed comes before what arrives live meanwhile, each once', async () => {
    const { client, server, clock, hall, arrived, from } = await opened();
    server.page = 3;
    server.say('ch:hall', from('ana', 'm1'));
    await server.flush();
    await server.cut();
    for (const text of numbers(2, 8)) server.store('ch:hall', from('ana', text));
    await clock.pass(2_000);
    await server.accept();
    await server.serveOne();
    await server.deliverOne();
    expect(client.link.kind).toBe('online');
    // The subscription is answered, and a live entry overtakes every page of history.
    while (server.framesOf('subscribe').length < 2) await server.serveOne();
    server.say('ch:hall', from('ana', 'm9'));
    const liveFrame = server.wires.toClient.pop();
    if (liveFrame) server.wires.toClient.unshift(liveFrame);
    await server.deliverOne();
    expect(texts(hall.state())).toEqual(['m1']);
    await server.flush();
    expect(texts(hall.state())).toEqual(numbers(1, 9));
    expect(arrived).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('a hole between live entries is filled from history', async () => {
    const { server, clock, hall, arrived, from } = await opened();
    server.say('ch:hall', from('ana', 'm1'));
    server.store('ch:hall', from('ana', 'm2'));
    server.store('ch:hall', from('ana', 'm3'));
    server.say('ch:hall', from('ana', 'm4'));
    await server.flush();
    expect(texts(hall.state())).toEqual(['m1']);
    await clock.pass(HOLE_GRACE_MS);
    await server.flush();
    expect(texts(hall.state())).toEqual(numbers(1, 4));
    expect(arrived).toEqual([1, 2, 3, 4]);
    expect(server.framesOf('history').filter(({ after }) => after === 1)).toHaveLength(1);
  });

  test('entries delivered twice are shown and told once', async () => {
    const { server, hall, arrived, from } = await opened();
    const item = server.say('ch:hall', from('ana', 'm1'));
    server.send({ type: 'message', log: 'ch:hall', items: [item] }, { type: 'message', log: 'ch:hall', items: [item] });
    await server.flush();
    expect(texts(hall.state())).toEqual(['m1']);
    expect(arrived).toEqual([1]);
  });

  test('a skipped stretch is shown as a gap that can be filled', async () => {
    const { server, hall, arrived, from } = await opened();
    for (const text of numbers(1, 5)) server.store('ch:hall', from('ana', text));
    server.send({ type: 'skipped', log: 'ch:hall', from: 1, to: 5 });
    server.say('ch:hall', from('ana', 'm6'));
    await server.flush();
    const [gap] = hall.state().timeline;
    expect(gap).toEqual({ kind: 'gap', from: 1, to: 5, reason: 'skipped' });
    expect(arrived).toEqual([6]);
    if (gap?.kind !== 'gap') throw new Error('no gap');
    const filling = hall.fill(gap);
    await server.flush();
    await filling;
    expect(texts(hall.state())).toEqual(numbers(1, 6));
  });

  test('a resync subscribes again and fetches from the position', async () => {
    const { server, hall, from } = await opened();
    server.say('ch:hall', from('ana', 'm1'));
    await server.flush();
    server.store('ch:hall', from('ana', 'm2'));
    server.send({ type: 'resync', log: 'ch:hall' });
    await server.flush();
    expect(texts(hall.state())).toEqual(['m1', 'm2']);
    expect(server.framesOf('subscribe')).toHaveLength(2);
  });

  test('what retention took meanwhile is said', async () => {
    const { server, hall, reconnect, from } = await opened();
    server.say('ch:hall', from('ana', 'm1'));
    await server.flush();
    await server.cut();
    for (const text of numbers(2, 6)) server.store('ch:hall', from('ana', text));
    const log = server.log('ch:hall');
    log.items.splice(0, 4);
    log.first = 5;
    await reconnect();
    expect(
      hall
        .state()
        .timeline.map((entry) => (entry.kind === 'gap' ? `${entry.from}-${entry.to} ${entry.reason}` : entry.text)),
    ).toEqual(['m1', '2-4 retention', 'm5', 'm6']);
  });

  // proves CL-10
  test('another epoch fetches everything again and offers own messages again under their ids', async () => {
    const { server, hall, reconnect, from } = await opened();
    server.say('ch:hall', from('ana', 'old'));
    const sending = hall.send('mine');
    await server.flush();
    await sending;
    const mine = server.log('ch:hall').items[1]?.envelope?.id;
    await server.cut();
    server.epoch = 'epoch-2';
    server.log('ch:hall').items.length = 0;
    server.store('ch:hall', from('ana', 'restored'));
    await reconnect();
    expect(texts(hall.state())).toEqual(['restored', 'mine']);
    expect(server.log('ch:hall').items.map(({ envelope }) => envelope?.id)).toContain(mine);
  });
});

// proves CL-9
test('any interleaving of live, history, duplicates, losses and broken connections yields each entry once and in order', async () => {
  const step = fc.constantFrom(
    'say',
    'lose',
    'double',
    'swap',
    'skip',
    'serve',
    'serve',
    'deliver',
    'deliver',
    'cut',
    'pass',
    'resync',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), async (steps, page) => {
      const { server, clock, hall, arrived, from, client } = await opened();
      server.page = page;
      const skipped = new Set<number>();
      let count = 0;
      const envelope = () => from('ana', `m${++count}`);
      for (const action of steps) {
        const { toClient } = server.wires;
        switch (action) {
          case 'say':
            server.say('ch:hall', envelope());
            break;
          case 'lose':
            server.store('ch:hall', envelope());
            break;
          case 'double':
            if (toClient[0]?.type === 'message') toClient.splice(1, 0, toClient[0]);
            break;
          case 'swap':
            if (toClient[0]?.type === 'message' && toClient[1]) toClient.splice(0, 2, toClient[1], toClient[0]);
            break;
          case 'skip': {
            const item = server.store('ch:hall', envelope());
            if (server.wires.open) server.send({ type: 'skipped', log: 'ch:hall', from: item.offset, to: item.offset });
            skipped.add(item.offset);
            break;
          }
          case 'resync':
            if (client.link.kind === 'online') server.send({ type: 'resync', log: 'ch:hall' });
            break;
          case 'serve':
            if (server.wires.open) await server.serveOne();
            break;
          case 'deliver':
            if (server.wires.open) await server.deliverOne();
            break;
          case 'cut':
            if (server.wires.open) await server.cut();
            break;
          case 'pass':
            await clock.pass(1_000);
            if (client.link.kind === 'connecting' && !server.wires.open) await server.accept();
            break;
        }
      }
      // One more break: whatever was lost last is found by coming back.
      if (server.wires.open) await server.cut();
      for (let tries = 0; client.link.kind !== 'online' && tries < 50; tries++) {
        await clock.pass(1_000);
        if (client.link.kind === 'connecting' && !server.wires.open) await server.accept();
        await server.flush();
      }
      await server.flush();
      await clock.pass(60_000);
      await settle();
      const told = new Set(arrived);
      expect(arrived).toEqual([...told].sort((a, b) => a - b));
      for (let offset = 1; offset <= count; offset++) if (!skipped.has(offset)) expect(told.has(offset)).toBe(true);
      const shown = hall
        .state()
        .timeline.flatMap((entry) =>
          entry.kind === 'gap'
            ? Array.from({ length: entry.to - entry.from + 1 }, (_, i) => entry.from + i)
            : [entry.offset],
        );
      expect(shown).toEqual(Array.from({ length: count }, (_, i) => i + 1));
      await client.close();
    }),
    { numRuns: 200 },
  );
}, 90_000);

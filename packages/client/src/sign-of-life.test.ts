import { expect, test } from 'bun:test';
import type { ClientFrame } from '@konferenco/protocol';
import { Requests } from './request.ts';
import { fixture } from './testing/fixture.ts';

/** The requests of a client whose connection stands, and what it sends. */
function connected() {
  const clock = { ms: 1_000_000 };
  const sent: ClientFrame[] = [];
  const send = (text: string) => sent.push(JSON.parse(text) as ClientFrame) > 0;
  const wire = new Requests({
    environment: { now: () => clock.ms, after: () => () => {} },
    connection: () => ({ link: { kind: 'online' }, send }),
  });
  const answers = () => sent.flatMap((frame) => (frame.type === 'heartbeat' ? [frame.nonce] : []));
  return { clock, wire, answers };
}

// proves PR-12
test('a heartbeat is answered with its nonce by who has sent nothing for 35 s', () => {
  const { clock, wire, answers } = connected();
  wire.say({ type: 'ack', inbox: 1 });
  clock.ms += 34_999;
  wire.answer(1);
  expect(answers()).toEqual([]);
  clock.ms += 1;
  wire.answer(2);
  expect(answers()).toEqual([2]);
  clock.ms += 34_999;
  wire.answer(3);
  expect(answers()).toEqual([2]);
});

// proves PR-12
test('with a heartbeat every 30 s, the server hears of who only reads at least every 65 s, whenever that last spoke', () => {
  for (let spoken = 0; spoken < 30_000; spoken += 500) {
    const { clock, wire, answers } = connected();
    const start = clock.ms;
    clock.ms = start + spoken;
    wire.say({ type: 'ack', inbox: 1 });
    let heard = clock.ms;
    for (let beat = 1; beat <= 10; beat++) {
      clock.ms = start + beat * 30_000;
      const before = answers().length;
      wire.answer(beat);
      if (answers().length > before) heard = clock.ms;
      expect(clock.ms - heard).toBeLessThan(65_000);
    }
  }
});

test('a heartbeat is answered when the clock of the device was set back', () => {
  const { clock, wire, answers } = connected();
  wire.say({ type: 'ack', inbox: 1 });
  clock.ms -= 3_600_000;
  wire.answer(1);
  expect(answers()).toEqual([1]);
});

test('a client answers the heartbeat of its server', async () => {
  const { server, connect, clock } = fixture();
  // What is refused for good is not asked again, and the client has nothing to say.
  server.intercept = (frame) =>
    frame.type === 'sync'
      ? [{ type: 'error', ref: frame.ref, code: 1001, error: 'unknown_type', message: 'Not here.' }]
      : undefined;
  await connect();
  await clock.pass(59_000);
  server.send({ type: 'heartbeat', nonce: 77, server_time: clock.now() });
  await server.flush();
  expect(server.seen.at(-1)).toEqual({ type: 'heartbeat', nonce: 77 });
});

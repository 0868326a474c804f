import { expect, test } from 'bun:test';
import { VirtualClock } from '@konferenco/testkit';
import { Outgoing } from './outgoing.ts';

function world({ maxPayload = 1_048_576 } = {}) {
  const clock = new VirtualClock();
  const written: { subject: string; records: unknown[] }[] = [];
  const answers: (() => void)[] = [];
  const wire = {
    connected: true,
    maxPayload,
    publish: (subject: string, text: string) => {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxPayload);
      written.push({ subject, records: JSON.parse(text).records });
    },
    flush: () => new Promise<void>((resolve) => answers.push(resolve)),
  };
  return { clock, wire, written, answers, outgoing: new Outgoing(wire, clock) };
}

test('what is published in one turn, and shortly after, goes in one message for each subject', async () => {
  const { clock, outgoing, written } = world();
  outgoing.add('a', '1');
  outgoing.add('b', '2');
  outgoing.add('a', '3');
  await clock.advance(0);
  expect(written).toEqual([
    { subject: 'a', records: [1, 3] },
    { subject: 'b', records: [2] },
  ]);
  outgoing.add('a', '4');
  await clock.advance(1);
  outgoing.add('a', '5');
  expect(written).toHaveLength(2);
  await clock.advance(2);
  expect(written[2]).toEqual({ subject: 'a', records: [4, 5] });
});

test('a message holds no more than the server takes, and the order of a subject is kept', async () => {
  const { clock, outgoing, written } = world({ maxPayload: 100 });
  for (let n = 0; n < 30; n++) outgoing.add('a', JSON.stringify(`${n}`.padStart(20, 'é')));
  outgoing.add('a', JSON.stringify('x'.repeat(100)));
  await clock.advance(5);
  expect(written.flatMap(({ records }) => records)).toEqual(
    Array.from({ length: 30 }, (_, n) => `${n}`.padStart(20, 'é')),
  );
  expect(outgoing.counts).toMatchObject({ records: 30, dropped: 1, messages: written.length });
});

test('what the server did not read yet is bounded; once it has, records are written again', async () => {
  const { clock, outgoing, written, answers } = world();
  const record = JSON.stringify('x'.repeat(100_000));
  for (let n = 0; n < 200; n++) outgoing.add('a', record);
  await clock.advance(5);
  const { records, dropped } = outgoing.counts;
  expect(records + dropped).toBe(200);
  expect(records * record.length).toBeLessThanOrEqual(8_388_608);
  expect(dropped).toBeGreaterThan(100);
  while (answers.length > 0) {
    answers.shift()?.();
    await clock.advance(0);
  }
  const before = written.length;
  outgoing.add('a', record);
  await clock.advance(5);
  expect(written).toHaveLength(before + 1);
});

test('while NATS is away nothing waits for it', async () => {
  const { clock, wire, outgoing, written } = world();
  outgoing.add('a', '1');
  wire.connected = false;
  outgoing.add('a', '2');
  await clock.advance(5);
  expect(written).toEqual([]);
  expect(outgoing.counts.dropped).toBe(2);
});

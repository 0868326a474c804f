import { describe, expect, test } from 'bun:test';
import type { Envelope, Item } from '@konferenco/protocol';
import fc from 'fast-check';
import { Replica } from './replica.ts';
import { fixture, texts } from './testing/fixture.ts';

const HALL = 'ch:hall';
const MINUTE = 60_000;

interface Written {
  readonly pause: number;
  readonly age: number;
  readonly after: number;
  readonly what: 'text' | 'edit' | 'delete' | 'reaction';
  readonly target: number;
}

const written: fc.Arbitrary<Written> = fc.record({
  pause: fc.integer({ min: 0, max: 3 * MINUTE }),
  age: fc.oneof(fc.constant(0), fc.integer({ min: -MINUTE, max: 20 * MINUTE })),
  after: fc.nat(12),
  what: fc.constantFrom('text', 'text', 'text', 'edit', 'delete', 'reaction'),
  target: fc.nat(11),
});

function itemsOf(log: readonly Written[]): readonly Item[] {
  let at = 1_000_000_000;
  return log.map(({ pause, age, after, what, target }, index) => {
    at += pause;
    const payloads = {
      text: { text: `m${index + 1}`, after },
      edit: { target: `id-${target}`, text: 'edited' },
      delete: { target: `id-${target}` },
      reaction: { target: `id-${target}`, emoji: '👍', op: 'add' },
    };
    const envelope: Envelope = {
      id: `id-${index}`,
      type: 'chat',
      subtype: what === 'text' ? 'channel_message' : what,
      from: { user_id: 'ana' },
      to: { type: 'channel', id: 'hall' },
      payload: payloads[what],
      timestamp: at - age,
    };
    return { offset: index + 1, at, envelope };
  });
}

// proves CL-27
test('whatever order entries become known in, and however often, everybody sees the same order', () => {
  fc.assert(
    fc.property(
      fc.array(written, { maxLength: 12 }).chain((log) => {
        const items = itemsOf(log);
        const twice = [...items, ...items];
        return fc.tuple(fc.constant(items), fc.shuffledSubarray(twice, { minLength: twice.length }));
      }),
      ([items, shuffled]) => {
        const [straight, mixed] = [new Replica(HALL, () => 'mere'), new Replica(HALL, () => 'mere')];
        straight.insert(items);
        for (const item of shuffled) mixed.insert([item]);
        expect(mixed.timeline(0)).toEqual(straight.timeline(0));
      },
    ),
  );
});

/** A hall in which the test lets somebody speak at a minute, of what was written at another. */
async function talk() {
  const all = fixture();
  all.server.heartbeat_ms = 60 * MINUTE;
  await all.connect();
  const hall = all.client.channel('hall');
  const opening = hall.open();
  await all.server.flush();
  await opening;
  const start = all.clock.now();
  const say = async (minute: number, text: string, payload: Record<string, unknown> = {}, writtenAt = minute) => {
    await all.clock.pass(Math.max(0, start + minute * MINUTE - all.clock.now()));
    const envelope = all.from('ana', text);
    const item = all.server.say(HALL, {
      ...envelope,
      payload: { text, ...payload },
      timestamp: start + writtenAt * MINUTE,
    });
    await all.server.flush();
    return item;
  };
  return { ...all, hall, say, start };
}

describe('a message that was written offline and arrives late', () => {
  // proves CL-27, CL-29
  test('stands where it was written, says so, and is found above what is unread', async () => {
    const { hall, say, start } = await talk();
    await say(0.1, 'ten');
    await say(0.2, 'twenty');
    hall.markRead();
    await say(0.3, 'thirty');
    expect(hall.state()).toMatchObject({ unread: 1, late_above: [] });
    const { envelope } = await say(1.4, 'late', { after: 1 }, 0.15);
    expect(texts(hall.state())).toEqual(['ten', 'late', 'twenty', 'thirty']);
    expect(hall.state()).toMatchObject({ unread: 2, late_above: [envelope?.id] });
    expect(hall.state().timeline[1]).toMatchObject({
      placed_late: { written_at: start + 0.15 * MINUTE, arrived_at: start + 1.4 * MINUTE },
    });
    hall.markRead();
    expect(hall.state()).toMatchObject({ unread: 0, late_above: [] });
  });

  test('erased, leaves its place where it arrived, so that those who see it only now agree', async () => {
    const { hall, say, server, from } = await talk();
    await say(0.1, 'ten');
    await say(0.2, 'twenty');
    const { envelope } = await say(1.4, 'late', { after: 1 }, 0.15);
    server.say(HALL, { ...from('ana', ''), subtype: 'delete', payload: { target: envelope?.id } });
    await server.flush();
    expect(texts(hall.state())).toEqual(['ten', 'twenty', '']);
  });

  // proves CL-27
  test('carries the last entry its author had seen', async () => {
    const { hall, say, server, reconnect } = await talk();
    await say(0.1, 'ten');
    await say(0.2, 'twenty');
    await server.cut();
    void hall.send('from the tunnel').catch(() => {});
    const root = hall.state().timeline[0];
    void hall.send('a reply', { thread: root?.kind === 'message' ? root.id : '' }).catch(() => {});
    const drafts = hall.state().timeline.at(-1);
    expect(drafts).toMatchObject({ text: 'from the tunnel', offset: null });
    await reconnect();
    expect(server.framesOf('publish').map(({ envelope }) => envelope.payload['after'])).toEqual([2, 2]);
  });
});

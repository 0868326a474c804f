import { afterEach, beforeEach, expect, test } from 'bun:test';
import type { GatewaySocket } from '@konferenco/server';
import { type Harness, startHarness } from './harness.ts';

let h: Harness;
beforeEach(() => {
  h = startHarness();
});
afterEach(() => h.close());

/** A socket whose buffer a test fills and empties. */
class StubbornSocket implements GatewaySocket {
  readonly sent: string[] = [];
  readonly topics = new Set<string>();
  full = false;
  closed: number | null = null;

  send(text: string): number {
    if (this.full) return 0;
    this.sent.push(text);
    return text.length;
  }
  subscribe(topic: string): void {
    this.topics.add(topic);
  }
  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }
  isSubscribed(topic: string): boolean {
    return this.topics.has(topic);
  }
  getBufferedAmount(): number {
    return this.full ? 262_144 : 0;
  }
  ping(): void {}
  close(code: number): void {
    this.closed = code;
  }
  frames(): { type: string; ref?: number; log?: string }[] {
    return this.sent.map((text) => JSON.parse(text));
  }
}

async function connectStubborn(user: string) {
  const socket = new StubbornSocket();
  const { gateway } = h.server.node;
  const connection = gateway.open(socket, { user, device: 'd', session: '', expires_at: null }, 'frames');
  gateway.receive(connection, '{"type":"hello","ref":1}');
  await h.clock.advance(10);
  return {
    socket,
    ask: (frame: object) => gateway.receive(connection, JSON.stringify(frame)),
    drain: () => gateway.drained(connection),
  };
}

// proves GW-14
test('a connection that could not take its inbox is told to fetch it once it can', async () => {
  const mere = await h.connect('mere');
  const sloth = await connectStubborn('sloth');
  sloth.socket.full = true;
  for (const text of ['one', 'two', 'three']) await mere.tell('sloth', text);
  sloth.socket.full = false;
  sloth.drain();
  expect(sloth.socket.frames().filter((frame) => frame.type === 'inbox')).toEqual([]);
  expect(sloth.socket.frames().filter((frame) => frame.type === 'resync')).toEqual([
    { type: 'resync', log: 'in:sloth' },
  ]);
  await mere.tell('sloth', 'four');
  await h.clock.advance(50);
  expect(sloth.socket.frames().filter((frame) => frame.type === 'inbox')).toHaveLength(1);
});

// proves GW-15
test('a connection that takes nothing for 10 s is closed; one that catches up in time is not', async () => {
  const mere = await h.connect('mere');
  const [dead, slow] = [await connectStubborn('dead'), await connectStubborn('slow')];
  for (const each of [dead, slow]) each.socket.full = true;
  await mere.tell('dead', 'anybody there?');
  await mere.tell('slow', 'anybody there?');
  await h.clock.advance(9_000);
  slow.socket.full = false;
  slow.drain();
  await h.clock.advance(4_000);
  expect([dead.socket.closed, slow.socket.closed]).toEqual([4001, null]);
});

test('replies wait for the buffer, in order and bounded', async () => {
  const sloth = await connectStubborn('sloth');
  sloth.socket.full = true;
  for (let ref = 2; ref < 30; ref++) sloth.ask({ type: 'history', ref, log: 'ch:x' });
  await h.clock.advance(100);
  sloth.socket.full = false;
  sloth.drain();
  const answered = sloth.socket.frames().flatMap((frame) => (frame.type === 'reply' ? [frame.ref] : []));
  expect(answered).toEqual(Array.from({ length: 29 }, (_, i) => i + 1));

  sloth.socket.full = true;
  for (let ref = 30; ref < 100; ref++) sloth.ask({ type: 'history', ref, log: 'ch:x' });
  await h.clock.advance(100);
  expect(sloth.socket.closed).toBe(4001);
});

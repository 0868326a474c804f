import { afterEach, expect, test } from 'bun:test';
import { type Connection, createConnector } from '../connection.ts';
import { Group } from '../group.ts';
import { acknowledgeAll, konferencoWire } from './konferenco.ts';

interface Peer {
  readonly server: Bun.Server<undefined>;
  readonly socket: Bun.ServerWebSocket<undefined>;
  readonly connection: Connection;
  readonly group: Group;
  /** The next frame the client sends. */
  next(): Promise<Record<string, unknown>>;
}

const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** A client that has joined a server which says only what the test tells it to. */
async function joined(subscribeReply: object = { logs: { 'ch:hall': { first: 0, head: 0 } } }): Promise<Peer> {
  const sockets = Promise.withResolvers<Bun.ServerWebSocket<undefined>>();
  const frames: Record<string, unknown>[] = [];
  let wake = () => {};
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request, self) {
      const isOurs = request.headers.get('sec-websocket-protocol') === 'konferenco-v1';
      return isOurs && self.upgrade(request) ? undefined : new Response(null, { status: 400 });
    },
    websocket: {
      open: (socket) => sockets.resolve(socket),
      message(socket, text) {
        const frame = JSON.parse(String(text)) as Record<string, unknown>;
        if (frame['type'] === 'hello') socket.send(JSON.stringify({ type: 'reply', ref: frame['ref'], data: {} }));
        else if (frame['type'] === 'subscribe') {
          socket.send(JSON.stringify({ type: 'reply', ref: frame['ref'], data: subscribeReply }));
        } else {
          frames.push(frame);
          wake();
        }
      },
    },
  });
  servers.push(server);
  const group = new Group(konferencoWire, 'hall');
  const connection = await createConnector({ host: '127.0.0.1', port: Number(server.port) })(group, 0, 'mere');
  const next = async () => {
    while (frames.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return frames.shift() ?? {};
  };
  return { server, socket: await sockets.promise, connection, group, next };
}

const item = (offset: number) => ({ offset, at: 1, envelope: { payload: { text: 'x'.repeat(200) } } });
const pointer = (inbox: number) => ({ inbox, reason: 'direct', log: 'dm:a:b', ...item(inbox) });

/** Answered after everything the server said before, so that an answer means that it was read. */
async function heartbeat({ socket, connection, next }: Peer): Promise<Record<string, unknown>> {
  connection.saidAt = 0;
  socket.send(JSON.stringify({ type: 'heartbeat', nonce: 77, server_time: 1 }));
  return next();
}

test('every item of a message frame counts, and the heartbeat is echoed', async () => {
  const peer = await joined();
  for (const count of [1, 3, 50]) {
    const items = Array.from({ length: count }, (_, at) => item(at + 1));
    peer.socket.send(JSON.stringify({ type: 'message', log: 'ch:hall', items }));
  }
  expect(await heartbeat(peer)).toEqual({ type: 'heartbeat', nonce: 77 });
  expect(peer.connection.received).toBe(54);
  expect(peer.group.counters).toMatchObject({ heartbeats: 1, miscounted: 0, errors: {} });
});

test('items too short to be counted by scanning are noticed', async () => {
  const peer = await joined();
  peer.socket.send(JSON.stringify({ type: 'message', log: 'ch:hall', items: [{ offset: 1 }, { offset: 2 }] }));
  await heartbeat(peer);
  expect(peer.group.counters.miscounted).toBe(1);
});

test('the inbox is acknowledged up to the newest entry after 32 entries', async () => {
  const peer = await joined();
  const items = Array.from({ length: 40 }, (_, at) => pointer(at + 1));
  peer.socket.send(JSON.stringify({ type: 'inbox', items: items.slice(0, 31) }));
  peer.socket.send(JSON.stringify({ type: 'inbox', items: items.slice(31) }));
  expect(await peer.next()).toEqual({ type: 'ack', inbox: 40 });
  expect(peer.connection.received).toBe(40);
});

test('fewer entries are acknowledged when all who owe it are asked to, once', async () => {
  const peer = await joined();
  peer.socket.send(JSON.stringify({ type: 'inbox', items: [pointer(1), pointer(2)] }));
  await heartbeat(peer);
  acknowledgeAll(peer.group);
  expect(await peer.next()).toEqual({ type: 'ack', inbox: 2 });
  acknowledgeAll(peer.group);
  expect(await heartbeat(peer)).toEqual({ type: 'heartbeat', nonce: 77 });
});

test('what a digest leaves out and what the server refuses is counted', async () => {
  const peer = await joined();
  peer.socket.send(JSON.stringify({ type: 'skipped', log: 'ch:hall', from: 5, to: 9 }));
  peer.socket.send(JSON.stringify({ type: 'error', ref: 9, code: 3000, error: 'rate_limited', message: 'Too many.' }));
  await heartbeat(peer);
  expect(peer.group.counters).toMatchObject({ skipped: 5, errors: { rate_limited: 1 } });
});

test('a refused subscription is a failed connection', () => {
  const refusal = { logs: { 'ch:hall': { code: 2100, error: 'forbidden', message: 'No.' } } };
  expect(joined(refusal)).rejects.toThrow('forbidden');
});

import { beforeEach, expect, test } from 'bun:test';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import type { Environment, Socket } from '../types.ts';
import { PROBE_FIRST_MS } from './transport-choice.ts';
import { Transports } from './transports.ts';
// Loaded when it is needed first; here at once, so that no test waits for the disk in virtual time.
import './fallback.ts';

let clock: VirtualClock;
let sockets: (Socket & { sent: string[]; closed: boolean })[];
let better: number;
let access: () => Promise<{ url: string; token: string }>;
let transports: Transports;

beforeEach(() => {
  clock = new VirtualClock();
  sockets = [];
  better = 0;
  access = async () => ({ url: 'https://talk.test', token: 'mere' });
  const environment: Partial<Environment> = {
    now: clock.now,
    after: clock.after,
    random: () => 0.5,
    randomBytes: (count) => new Uint8Array(count),
    fetch: () => new Promise(() => {}),
    openSocket: () => {
      const sent: string[] = [];
      const socket = {
        ...{ onopen: null, onmessage: null, onclose: null, buffered: 0, sent, closed: false },
        send: (text: string) => void sent.push(text),
        close: () => {
          socket.closed = true;
        },
      };
      sockets.push(socket);
      return socket;
    },
  };
  transports = new Transports({
    environment: environment as Environment,
    address: async () => 'wss://talk.test/ws',
    access: () => access(),
    hello: () => ({ status: 'away' }),
    better: () => better++,
  });
  transports.failed('blocked');
  transports.worked();
});

// proves TR-2
test('a WebSocket that answers a hello is taken instead of the event stream', async () => {
  await clock.pass(PROBE_FIRST_MS);
  sockets[0]?.onopen?.();
  expect(sockets[0]?.sent.map((text) => JSON.parse(text))).toEqual([{ type: 'hello', ref: 1, status: 'away' }]);
  expect([better, transports.kind]).toEqual([0, 'sse']);
  sockets[0]?.onmessage?.('{"type":"reply","ref":1,"data":{}}');
  await settle();
  expect([better, transports.kind, sockets[0]?.closed]).toEqual([1, 'websocket', true]);
});

// proves TR-2
test('one that opens and says nothing is not, and is tried again later than the first time', async () => {
  await clock.pass(PROBE_FIRST_MS);
  sockets[0]?.onopen?.();
  await clock.pass(8_000);
  expect([better, transports.kind, sockets[0]?.closed]).toEqual([0, 'sse', true]);
  await clock.pass(PROBE_FIRST_MS * 2 - 1);
  expect(sockets).toHaveLength(1);
  await clock.pass(1);
  expect(sockets).toHaveLength(2);
});

test('a look ends with the connection, and leaves nothing behind', async () => {
  await clock.pass(PROBE_FIRST_MS);
  transports.lost();
  await settle();
  expect([sockets[0]?.closed, better, clock.pending]).toEqual([true, 0, 0]);
});

// proves TR-2
test('a fallback that does not even begin within the time makes room for the WebSocket', () => {
  transports.silent(null);
  expect(transports.kind).toBe('websocket');
  transports.silent(null);
  expect(transports.kind).toBe('websocket');
});

test('a fallback that cannot be begun makes room for the WebSocket', async () => {
  access = () => Promise.reject(new TypeError('no network'));
  await expect(transports.open(false)).rejects.toThrow('no network');
  expect(transports.kind).toBe('websocket');
});

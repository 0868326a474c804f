import { expect, test } from 'bun:test';
import { RawSocket } from './support/raw-socket.ts';
import { useServers } from './support/servers.ts';
import { until } from './support/until.ts';

const startServer = useServers();

async function knock(port: number, query: string): Promise<{ socket: RawSocket; status: number; after_s: number }> {
  const socket = await RawSocket.open({ port, path: `/ws?${query}` });
  const { status, headers } = await socket.answered;
  if (status !== 101) socket.cut();
  return { socket, status, after_s: Number(headers.get('retry-after')) };
}

// proves GW-6
test('who comes faster than the rate is told when to come back, and is let in then', async () => {
  const server = await startServer({ env: { KONFERENCO_CONNECT_RATE: '1', KONFERENCO_CONNECT_BURST: '2' } });
  const crowd = await Promise.all(Array.from({ length: 40 }, (_, n) => knock(server.port, `token=guest-${n}`)));
  const refused = crowd.filter(({ status }) => status !== 101);
  expect(refused.length).toBeGreaterThan(0);
  for (const { status, after_s } of refused) {
    expect(status).toBe(429);
    expect(after_s).toBeGreaterThan(0);
  }
  await until(async () => (await knock(server.port, 'token=late')).status === 101, 'one of those who come again is in');
}, 60_000);

// proves GW-6
test('beyond the configured count nobody is let in until somebody has left, and a forged ticket opens nothing', async () => {
  const server = await startServer({ env: { KONFERENCO_MAX_CONNECTIONS: '2' } });
  const mere = await knock(server.port, 'token=mere');
  expect((await knock(server.port, 'ticket=forged')).status).toBe(401);
  expect((await knock(server.port, 'token=hone')).status).toBe(101);
  const third = await knock(server.port, 'token=late');
  expect(third.status).toBe(429);
  expect(third.after_s).toBeGreaterThan(0);
  mere.socket.cut();
  await until(async () => (await knock(server.port, 'token=late')).status === 101, 'there is room again');
}, 60_000);

import { expect, test } from 'bun:test';
import { RawSocket } from './support/raw-socket.ts';
import { residentBytes, settledResidentBytes } from './support/resident.ts';
import { useServers } from './support/servers.ts';
import { pooled, until } from './support/until.ts';

const startServer = useServers();
const WAVES = 10;
/** What these leave is caches and compiled code that stay, more or less of it at the first. */
const WARM_WAVES = 2;
const PEOPLE = 5000;
const MB = 1_048_576;
/** Fewer than a wave brings at once where the machine is quick, so that some are told to come later. */
const RATE = 2000;
const BURST = 1000;

interface Tally {
  accepted: number;
  told: number;
}

test('ten waves of 5,000 people all come in, and leave no memory behind', async () => {
  const server = await startServer({
    env: { KONFERENCO_CONNECT_RATE: String(RATE), KONFERENCO_CONNECT_BURST: String(BURST) },
  });
  const pid = server.pid ?? 0;
  const tally: Tally = { accepted: 0, told: 0 };
  const memory: number[] = [];
  for (let wave = 0; wave < WAVES; wave++) {
    const sockets = await comeIn(server.port, tally);
    expect((await server.getMetrics()).activeConnections).toBe(PEOPLE);
    for (const socket of sockets) socket.cut();
    await until(async () => (await server.getMetrics()).activeConnections === 0, 'the wave has gone out');
    memory.push(wave < WARM_WAVES ? await settledResidentBytes(pid) : residentBytes(pid));
  }
  const warm = Math.max(...memory.slice(0, WARM_WAVES));
  console.log(
    `waves: ${tally.accepted} came in, ${tally.told} were told to come later; MB after each wave: ${memory.map((bytes) => Math.round(bytes / MB)).join(' ')}`,
  );
  expect(tally.accepted).toBe(WAVES * PEOPLE);
  // Garbage goes when the server next collects it, which asking for figures brings about.
  const isBack = async () => (await server.getMetrics()) && residentBytes(pid) < warm * 1.1;
  await until(isBack, 'memory is within a tenth of where it was after the first waves', 60_000);
  await server.stop();
}, 600_000);

/** Everybody connects, says hello and subscribes. */
async function comeIn(port: number, tally: Tally): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  const people = Array.from({ length: PEOPLE }, (_, index) => `guest-${index}`);
  await pooled(people, 500, async (name) => void sockets.push(await enter(port, name, tally)));
  return sockets;
}

/** Connects until let in; a refusal must be 429 and say when to come back. */
async function enter(port: number, name: string, tally: Tally): Promise<RawSocket> {
  for (;;) {
    const socket = await RawSocket.open({ port, path: `/ws?token=${name}` });
    const { status, headers } = await socket.answered;
    if (status !== 101) {
      expect(status).toBe(429);
      const seconds = Number(headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      tally.told++;
      socket.cut();
      await Bun.sleep(seconds * 1000 * (0.5 + Math.random() / 2));
      continue;
    }
    const subscribed = new Promise<void>((resolve) => {
      socket.onText = (text) => {
        if (text.includes('"ref":2')) resolve();
      };
    });
    socket.send(`{"type":"hello","ref":1,"device_id":"phone"}`);
    socket.send(`{"type":"subscribe","ref":2,"logs":["ch:hall"]}`);
    await subscribed;
    tally.accepted++;
    return socket;
  }
}

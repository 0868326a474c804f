import { describe, expect, test } from 'bun:test';
import { RedisClient, SQL } from 'bun';
import { startNats, startPostgres, startRedis } from './index.ts';

describe('a real server of a test', () => {
  test('PostgreSQL keeps what it committed through SIGKILL, and comes back on its port', async () => {
    const server = await startPostgres();
    const sql = new SQL(server.url);
    await sql`CREATE TABLE t(n int)`;
    await sql`INSERT INTO t VALUES (1)`;
    expect((await sql`SHOW synchronous_commit`)[0].synchronous_commit).toBe('on');
    await sql.close();
    await server.kill();
    await server.restart();
    const again = new SQL(server.url);
    expect((await again`SELECT n FROM t`)[0].n).toBe(1);
    await again.close();
    await server.stop();
  }, 240_000);

  test('NATS serves JetStream', async () => {
    const server = await startNats();
    const { hostname, port } = new URL(server.url);
    const info = await firstLine(hostname, Number(port));
    expect(JSON.parse(info.replace('INFO ', '')).jetstream).toBe(true);
    await server.stop();
  });

  test('Redis answers, does not while it is paused, and does again', async () => {
    const server = await startRedis();
    const redis = new RedisClient(server.url);
    await redis.set('k', 'v');
    server.pause();
    let answered = false;
    const reading = redis.get('k').then((value) => {
      answered = true;
      return value;
    });
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    server.resume();
    expect(await reading).toBe('v');
    redis.close();
    await server.stop();
  });
});

async function firstLine(hostname: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    Bun.connect({
      hostname,
      port,
      socket: {
        data(socket, bytes) {
          text += new TextDecoder().decode(bytes);
          if (!text.includes('\r\n')) return;
          socket.end();
          resolve(text.split('\r\n')[0] ?? '');
        },
      },
    }).catch(reject);
  });
}

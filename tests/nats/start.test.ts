import { describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startNats, freePort } from '@konferenco/testkit/servers';
import { openNatsBus } from '../../packages/server/src/adapters/nats/bus.ts';
import { type NatsProblem, NatsStartError } from '../../packages/server/src/adapters/nats/errors.ts';
import { natsOptions } from './support.ts';

/** What the start says to the operator; it must fail. */
async function complaint(url: string): Promise<{ problem: NatsProblem; message: string }> {
  const error = await openNatsBus(natsOptions(url)).then(
    async (bus) => {
      await bus.close();
      throw new Error('it started');
    },
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NatsStartError);
  const { problem, message } = error as NatsStartError;
  expect(message).not.toContain('s3cret');
  expect(message.match(/\.(\s|$)/g)).toHaveLength(1);
  return { problem, message };
}

// proves BU-11
describe('a start with a NATS that cannot be used says what to do', () => {
  test('nobody listens', async () => {
    const port = await freePort();
    const { problem, message } = await complaint(`nats://node:s3cret@127.0.0.1:${port}`);
    expect(problem).toBe('unreachable');
    expect(message).toContain(`127.0.0.1:${port}`);
  });

  test('what listens is no NATS', async () => {
    const web = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('hello') });
    const { problem } = await complaint(`nats://127.0.0.1:${web.port}`);
    expect(problem).toBe('unreachable');
    await web.stop(true);
  }, 90_000);

  test('a wrong password, and then the right one', async () => {
    const server = await startNats({ options: ['--user', 'node', '--pass', 's3cret:/@'] });
    const at = (password: string) => server.url.replace('//', `//node:${encodeURIComponent(password)}@`);
    const { problem, message } = await complaint(at('s3cret'));
    expect([problem, message]).toEqual(['refused', expect.stringContaining('KONFERENCO_NATS_URL')]);
    const bus = await openNatsBus(natsOptions(at('s3cret:/@')));
    expect(bus.describe().connected).toBe(true);
    await bus.close();
    await server.stop();
  });

  test('a user who may not hear, or may not speak, on the bus', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'nats-')), 'nats.conf');
    const user = (name: string, denied: string) =>
      `{ user: ${name}, password: p, permissions: { ${denied}: { deny: ">" } } }`;
    await Bun.write(file, `authorization { users: [${user('deaf', 'subscribe')}, ${user('mute', 'publish')}] }`);
    const server = await startNats({ options: ['-c', file] });
    for (const [name, word] of [
      ['deaf', 'subscription'],
      ['mute', 'publishing'],
    ]) {
      const { problem, message } = await complaint(server.url.replace('//', `//${name}:p@`));
      expect([problem, message]).toEqual(['forbidden', expect.stringContaining(`${word}`)]);
    }
    await server.stop();
    await rm(dirname(file), { recursive: true });
  });

  test('TLS is asked for and the server has none', async () => {
    const server = await startNats();
    expect((await complaint(server.url.replace('nats:', 'tls:'))).problem).toBe('tls');
    await server.stop();
  });

  test('an address that is none', async () => {
    for (const url of ['', 'http://127.0.0.1', 'nats://']) expect((await complaint(url)).problem).toBe('misconfigured');
  });
});

import type { Config } from '../config/options.ts';
import { serveEnds } from '../gateway/websocket.ts';
import type { Log } from '../observability/log.ts';
import { UPLINK_PATH } from './frames.ts';
import type { MirrorEnd } from './mirror-end.ts';

interface Introduced {
  readonly end: MirrorEnd;
  readonly log: Pick<Log, 'info'>;
}

/**
 * A mirror that nobody has called yet has no keys to check a sign-in with. Until it has, it answers its venue alone; everybody
 * else is told to come back.
 */
export async function awaitVenue(
  { port, host }: Pick<Config, 'port' | 'host'>,
  { end, log }: Introduced,
): Promise<void> {
  const server = serveEnds({
    port,
    host,
    accept: (path) => (path === UPLINK_PATH ? end.accept() : null),
    answer(path) {
      if (path === '/healthz') return Response.json({ ok: true });
      const headers = { 'retry-after': '5' };
      return new Response('This server waits for the first call of its venue.\n', { status: 503, headers });
    },
  });
  log.info({ port: server.port }, 'waiting for the first call of the venue');
  await end.introduced;
  end.hangUp('the mirror opens');
  await server.stop(true);
}

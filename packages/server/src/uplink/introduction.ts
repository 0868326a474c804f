import type { Config } from '../config/options.ts';
import type { SocketEnd } from '../gateway/websocket.ts';
import type { Log } from '../observability/log.ts';
import { UPLINK_PATH } from './frames.ts';
import type { MirrorEnd } from './mirror-end.ts';
import { PIECE_BYTES } from './pieces.ts';

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
  const server = Bun.serve<SocketEnd>({
    port,
    hostname: host,
    fetch(request, self) {
      const { pathname } = new URL(request.url);
      if (pathname === '/healthz') return Response.json({ ok: true });
      if (pathname !== UPLINK_PATH)
        return new Response('This server waits for the first call of its venue.\n', {
          status: 503,
          headers: { 'retry-after': '5' },
        });
      const data = end.accept();
      if (data && self.upgrade(request, { data })) return undefined;
      return new Response(null, { status: 503 });
    },
    websocket: {
      data: {} as SocketEnd,
      maxPayloadLength: 2 * PIECE_BYTES,
      open: (ws) => ws.data.open(ws),
      message(ws, message) {
        if (typeof message === 'string') ws.close(1003, 'bytes only');
        else ws.data.message(message);
      },
      drain: (ws) => ws.data.drain(),
      close: (ws) => ws.data.close(),
    },
  });
  log.info({ port: server.port }, 'waiting for the first call of the venue');
  await end.introduced;
  end.hangUp('the mirror opens');
  await server.stop(true);
}

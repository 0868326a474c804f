import { extname, join } from 'node:path';
import { WEB_CSP } from '../../../../tools/build-web.ts';

/** A server of one built version after another, on a free loopback port, with the headers that the real one sends. */
export interface Site {
  readonly url: string;
  /** Replaces the version, as a deployment does; paths in `broken` are answered with that status. */
  deploy(dir: string, broken?: Readonly<Record<string, number>>): void;
  /** What was asked for since the last call. */
  asked(): readonly string[];
  /** The network is gone: connections are refused from now on. */
  stop(): Promise<void>;
  /** It is back, at the same address. */
  start(): void;
}

export function startSite(first: string): Site {
  let dir = first;
  let broken: Readonly<Record<string, number>> = {};
  let paths: string[] = [];
  const serve = (port: number) =>
    Bun.serve({
      port,
      hostname: '127.0.0.1',
      fetch(request) {
        const { pathname } = new URL(request.url);
        paths.push(pathname);
        const status = broken[pathname];
        return status === undefined ? answer(dir, pathname) : new Response('Broken', { status });
      },
    });
  let server = serve(0);
  const port = server.port ?? 0;
  return {
    url: `http://127.0.0.1:${port}`,
    deploy(next, wrong = {}) {
      dir = next;
      broken = wrong;
    },
    asked() {
      const so = paths;
      paths = [];
      return so;
    },
    stop: () => server.stop(true),
    start() {
      server = serve(port);
    },
  };
}

async function answer(dir: string, path: string): Promise<Response> {
  const isPage = extname(path) === '';
  const file = Bun.file(join(dir, isPage ? 'index.html' : path));
  if (!(await file.exists())) return new Response('Not found', { status: 404 });
  const type = path.endsWith('.webmanifest') ? 'application/manifest+json' : file.type;
  return new Response(file, {
    headers: {
      'content-security-policy': WEB_CSP,
      'content-type': type,
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
  });
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/** Encodings the build writes beside a file, best first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

interface StaticFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly encoded: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  readonly immutable: boolean;
  /** The service worker, which serves every place of the app. */
  readonly worker: boolean;
}

/** Serves the web app from memory; every path that is no file gets the page, whose router takes it from there. */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  /** @param dir the folder of the built app; a missing one serves nothing. */
  constructor(dir: string) {
    if (!existsSync(dir)) return;
    const names = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const entry of names) {
      const path = join(entry.parentPath, entry.name);
      const type = TYPES[extname(path)];
      const address = `/${relative(dir, path).replaceAll('\\', '/')}`;
      if (type) this.#files.set(address, load(path, address, type));
    }
  }

  /** The answer to a GET of `path`; `null` when there is no app. */
  serve(path: string, acceptEncoding: string): Response | null {
    const file = this.#files.get(path);
    if (file) return this.#respond(file, acceptEncoding);
    const page = this.#files.get('/index.html');
    if (!page) return null;
    return extname(path) === '' ? this.#respond(page, acceptEncoding) : new Response('Not found', { status: 404 });
  }

  #respond(file: StaticFile, acceptEncoding: string): Response {
    const accepted = ENCODINGS.find(([name]) => acceptEncoding.includes(name) && file.encoded.has(name))?.[0];
    const body = (accepted && file.encoded.get(accepted)) ?? file.body;
    return new Response(body, {
      headers: {
        'content-type': file.type,
        'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
        vary: 'accept-encoding',
        ...(file.worker ? { 'service-worker-allowed': '/' } : {}),
        ...(accepted ? { 'content-encoding': accepted } : {}),
      },
    });
  }
}

/** Hashed names never change their content; the build gives them in this folder alone. */
const HASHED = /^\/assets\/.*-[a-z0-9]{8,}\.\w+$/;
const WORKER = '/service-worker.js';

function load(path: string, address: string, type: string): StaticFile {
  const encoded = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [name, suffix] of ENCODINGS)
    if (existsSync(path + suffix)) encoded.set(name, new Uint8Array(readFileSync(path + suffix)));
  const body = new Uint8Array(readFileSync(path));
  return { type, body, encoded, immutable: HASHED.test(address), worker: address === WORKER };
}

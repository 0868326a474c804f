import { beforeEach, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import type { ShellBuild } from './build.ts';
import { createShellCache, IncompleteVersionError } from './shell-cache.ts';

const ORIGIN = 'https://hui.test';
const hashOf = (content: ArrayBuffer | string): string =>
  createHash('sha256')
    .update(typeof content === 'string' ? content : new Uint8Array(content))
    .digest('base64');

/** `CacheStorage` in memory, as far as it is used. */
class FakeCaches {
  readonly kept = new Map<string, Map<string, Response>>();
  async has(name: string) {
    return this.kept.has(name);
  }
  async keys() {
    return [...this.kept.keys()];
  }
  async delete(name: string) {
    return this.kept.delete(name);
  }
  async open(name: string) {
    const files = this.kept.get(name) ?? new Map<string, Response>();
    this.kept.set(name, files);
    return {
      match: async (url: string) => files.get(url)?.clone(),
      put: async (url: string, response: Response) => void files.set(url, response),
    };
  }
  async match(asked: string | Request) {
    const url = typeof asked === 'string' ? asked : asked.url;
    for (const files of this.kept.values()) if (files.has(url)) return files.get(url)?.clone();
    return undefined;
  }
}

let caches: FakeCaches;
let server: Map<string, string>;
let fetched: string[];
let shown: Set<string>;
beforeEach(() => {
  caches = new FakeCaches();
  server = new Map();
  fetched = [];
  shown = new Set();
});

/** Puts a version on the server, as a deployment does, and gives its cache. */
function deploy(version: string, files: Readonly<Record<string, string>>, onDemand: readonly string[] = []) {
  server = new Map(Object.entries(files));
  const build: ShellBuild = {
    version,
    files: Object.entries(files).map(([path, content]) => ({
      path,
      hash: hashOf(content),
      immutable: path.startsWith('/assets/'),
      ...(onDemand.includes(path) ? { onDemand: true as const } : {}),
    })),
  };
  return createShellCache({
    build,
    caches: caches as unknown as CacheStorage,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      fetched.push(path);
      const content = server.get(path);
      return content === undefined ? new Response('Not found', { status: 404 }) : new Response(content);
    },
    origin: ORIGIN,
    hash: async (content) => hashOf(content),
    versionsInUse: async () => shown,
  });
}
const V1 = { '/index.html': 'page 1', '/assets/a-11111111.js': 'a1', '/assets/both-22222222.js': 'both' };
const V2 = { '/index.html': 'page 2', '/assets/a-33333333.js': 'a2', '/assets/both-22222222.js': 'both' };

/** A request as a browser makes it; `navigate` cannot be constructed, so the mode is put in its place. */
const asks = (path: string, mode = 'no-cors', method = 'GET'): Request =>
  Object.defineProperty(new Request(ORIGIN + path, { method }), 'mode', { value: mode });
const textOf = async (answer: Promise<Response> | null) => (answer === null ? null : (await answer).text());

describe('a version', () => {
  // proves AP-1
  test('answers every place of the application without a network', async () => {
    const shell = deploy('1', V1);
    await shell.install();
    server.clear();
    for (const path of ['/', '/talk/ch:a', '/programme/s-1?mine=1', '/join/ABC', '/nonsense'])
      expect(await textOf(shell.respond(asks(path, 'navigate')))).toBe('page 1');
    expect(await textOf(shell.respond(asks('/assets/a-11111111.js')))).toBe('a1');
  });

  // proves AP-2
  test('never answers for data, the socket or the operator, nor what is no reading', async () => {
    const shell = deploy('1', V1);
    await shell.install();
    for (const path of ['/api/server', '/api', '/ws?token=x', '/metrics', '/healthz', '/readyz'])
      expect(shell.respond(asks(path, 'navigate'))).toBeNull();
    expect(shell.respond(asks('/talk', 'navigate', 'POST'))).toBeNull();
    expect(shell.respond(new Request('https://elsewhere.test/assets/a-11111111.js'))).toBeNull();
    expect(shell.respond(asks('/files/picture.png', 'navigate'))).toBeNull();
    await textOf(shell.respond(asks('/assets/unknown-99999999.js')));
    const names = [...(caches.kept.get('konferenco-app-1') ?? new Map()).keys()];
    expect(names.sort()).toEqual(
      Object.keys(V1)
        .map((path) => ORIGIN + path)
        .sort(),
    );
  });

  test('takes what did not change from the version before', async () => {
    await deploy('1', V1).install();
    fetched = [];
    await deploy('2', V2).install();
    expect(fetched.sort()).toEqual(['/assets/a-33333333.js', '/index.html']);
  });

  test('keeps large and rare files when they are first used', async () => {
    const shell = deploy('1', { ...V1, '/assets/ext-44444444.woff2': 'glyphs' }, ['/assets/ext-44444444.woff2']);
    await shell.install();
    expect(fetched).not.toContain('/assets/ext-44444444.woff2');
    await textOf(shell.respond(asks('/assets/ext-44444444.woff2')));
    server.clear();
    expect(await textOf(shell.respond(asks('/assets/ext-44444444.woff2')))).toBe('glyphs');
  });
});

describe('an update', () => {
  // proves AP-4
  test.each([
    ['a file is missing', { '/assets/a-33333333.js': undefined }],
    ['a file is that of another version', { '/index.html': 'page 3' }],
    ['a proxy answers with a page of its own', { '/assets/a-33333333.js': '<h1>Sign in to the WiFi</h1>' }],
  ])('is not taken when %s, and the version before goes on', async (_name, wrong) => {
    const first = deploy('1', V1);
    await first.install();
    const second = deploy('2', V2);
    for (const [path, content] of Object.entries(wrong)) {
      if (content === undefined) server.delete(path);
      else server.set(path, content);
    }
    await expect(second.install()).rejects.toThrow(IncompleteVersionError);
    expect([...caches.kept.keys()]).toEqual(['konferenco-app-1']);
    expect(await textOf(first.respond(asks('/talk', 'navigate')))).toBe('page 1');
  });

  // proves AP-3
  test('leaves the files of a version that a page still shows, and removes them after', async () => {
    await deploy('1', V1).install();
    const second = deploy('2', V2);
    await second.install();
    shown = new Set(['1']);
    await second.prune();
    // The page of version 1 asks for a chunk that the server no longer has.
    expect(await textOf(second.respond(asks('/assets/a-11111111.js')))).toBe('a1');
    expect(await textOf(second.respond(asks('/talk', 'navigate')))).toBe('page 2');
    shown = new Set(['2']);
    caches.kept.set('somebody-elses', new Map());
    await second.prune();
    expect([...caches.kept.keys()].sort()).toEqual(['konferenco-app-2', 'somebody-elses']);
  });

  test('that is installed twice does not lose what it had when the second time fails', async () => {
    const shell = deploy('1', V1);
    await shell.install();
    server.clear();
    await expect(shell.install()).rejects.toThrow(IncompleteVersionError);
    expect(await textOf(shell.respond(asks('/talk', 'navigate')))).toBe('page 1');
  });
});

import type { ShellBuild, ShellFile } from './build.ts';

/** What the cache needs of the browser. */
export interface ShellCacheDeps {
  readonly build: ShellBuild;
  readonly caches: CacheStorage;
  readonly fetch: (request: Request) => Promise<Response>;
  readonly origin: string;
  /** SHA-256, base64. */
  readonly hash: (content: ArrayBuffer) => Promise<string>;
  /** Versions that open pages show. */
  readonly versionsInUse: () => Promise<ReadonlySet<string>>;
}

/** The application's files on this device, one cache for each version. */
export interface ShellCache {
  /** Fetches every file of this version and checks its content. Keeps all of them or none. */
  install(): Promise<void>;
  /** Removes the files of versions that no page shows. */
  prune(): Promise<void>;
  /** What to answer with; `null`: not the application's, the network answers. */
  respond(request: Request): Promise<Response> | null;
}

const PREFIX = 'konferenco-app-';
const PAGE = '/index.html';

/** Never answered from here, whatever asks: data, the socket and the operator's paths. */
const RESERVED = /^\/(?:api|ws|healthz|readyz|metrics)(?:\/|$)/;

/** A file of the application could not be fetched as it should be; the version before stays. */
export class IncompleteVersionError extends Error {
  override readonly name = 'IncompleteVersionError';
}

/** The cache of the version `build`. */
export function createShellCache(deps: ShellCacheDeps): ShellCache {
  const { build, caches, origin } = deps;
  const own = PREFIX + build.version;
  const files = new Map(build.files.map((file) => [file.path, file]));

  const ownCopy = async (path: string): Promise<Response | undefined> => {
    // `match` of a cache that does not exist would make an empty one.
    if (!(await caches.has(own))) return undefined;
    return (await caches.open(own)).match(origin + path, { ignoreVary: true });
  };
  const page = async (request: Request): Promise<Response> => (await ownCopy(PAGE)) ?? deps.fetch(request);
  const asset = async (request: Request, path: string): Promise<Response> => {
    const file = files.get(path);
    // A page of an older version asks for its own chunks: their names tell that any copy is the right one.
    const known = (await ownCopy(path)) ?? (isHashed(path) ? await caches.match(request, ANY_COPY) : undefined);
    if (known) return known;
    const answer = await deps.fetch(request);
    if (file?.onDemand && answer.ok && (await caches.has(own)))
      await (await caches.open(own)).put(origin + path, answer.clone()).catch(() => {
        // Without room it is fetched again the next time.
      });
    return answer;
  };

  return {
    async install() {
      const existed = await caches.has(own);
      const cache = await caches.open(own);
      const wanted = build.files.filter((file) => !file.onDemand);
      const results = await Promise.allSettled(wanted.map((file) => keep(deps, cache, file)));
      const failed = results.find((result) => result.status === 'rejected');
      if (!failed) return;
      if (!existed) await caches.delete(own);
      throw failed.reason;
    },

    async prune() {
      const used = await deps.versionsInUse();
      const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== own);
      await Promise.all(
        names.filter((name) => !used.has(name.slice(PREFIX.length))).map((name) => caches.delete(name)),
      );
    },

    respond(request) {
      const url = new URL(request.url);
      if (request.method !== 'GET' || url.origin !== origin || RESERVED.test(url.pathname)) return null;
      if (files.has(url.pathname) || isHashed(url.pathname)) return asset(request, url.pathname);
      // A last part with a dot is some file that is not ours; everything else is a place of the application.
      return request.mode === 'navigate' && !/\.\w+$/.test(url.pathname) ? page(request) : null;
    },
  };
}

const ANY_COPY = { ignoreSearch: true, ignoreVary: true } as const;

function isHashed(path: string): boolean {
  return path.startsWith('/assets/');
}

/** Puts one file into the cache: from an older version, from the browser's own cache, or from the network. */
async function keep(deps: ShellCacheDeps, cache: Cache, file: ShellFile): Promise<void> {
  const url = deps.origin + file.path;
  const sources = [
    ...(file.immutable ? [() => deps.caches.match(url, ANY_COPY), () => load(deps, url, 'default')] : []),
    () => load(deps, url, 'reload'),
  ];
  for (const source of sources) {
    const response = await source();
    if (!response?.ok) continue;
    if ((await deps.hash(await response.clone().arrayBuffer())) !== file.hash) continue;
    await cache.put(url, response);
    return;
  }
  throw new IncompleteVersionError(`${file.path} is not there as this version needs it.`);
}

function load(deps: ShellCacheDeps, url: string, cache: RequestCache): Promise<Response> {
  return deps.fetch(new Request(url, { cache, credentials: 'same-origin' }));
}

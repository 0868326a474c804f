import type { BunPlugin } from 'bun';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { HASH_BYTES, type ShellBuild, type ShellFile } from '../apps/web/src/service-worker/build.ts';

const ROOT = dirname(import.meta.dir);
const WEB = join(ROOT, 'apps/web');

/** Everything the bundle is made of: when none of it changed, neither does the bundle. */
const SOURCES = [
  'apps/web/src',
  'apps/web/index.html',
  'apps/web/package.json',
  'packages/client/src',
  'packages/core/src',
  'packages/protocol/src',
  'tools/build-web.ts',
  'bun.lock',
] as const;

/** Below this size a compressed copy is not worth a request's look-up. */
const COMPRESS_FROM_BYTES = 512;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** One file of the built application, as `files.json` lists it. */
export interface WebFile {
  /** Path below the site's root, without the leading slash. */
  readonly path: string;
  readonly type: string;
  /** Bytes, and bytes of the precompressed copies (`.gz`, `.br`) where there are any. */
  readonly bytes: number;
  readonly gzip?: number;
  readonly brotli?: number;
  /** The name holds a hash of the content, so it may be cached for ever. */
  readonly immutable: boolean;
}

/** What `dist/files.json` holds. */
export interface WebManifest {
  /** Hash of all sources. */
  readonly sources: string;
  readonly files: readonly WebFile[];
  /** The files that the first screen loads, in English. */
  readonly first: readonly string[];
  /** The Content-Security-Policy under which the application works. */
  readonly csp: string;
}

export const WEB_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Files of messages are shown from the bytes that the page has.
  "img-src 'self' blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self' ws: wss:",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export interface BuildWebOptions {
  /** Where the result goes; `apps/web/dist` unless given. */
  readonly outDir?: string;
  /** Another entry than `apps/web/src/main.tsx`, for tests of the application. */
  readonly entry?: string;
}

/**
 * Bundles the web application into a folder that any static server can serve, and returns that folder. A path that
 * is no file is answered with `index.html`. Does nothing when no source changed since the last build. The folder is
 * replaced as a whole, so a server never sees half of it.
 *
 * @throws {Error} with the bundler's messages when a source does not compile
 */
export async function buildWeb(options: BuildWebOptions = {}): Promise<{ readonly dir: string }> {
  const dir = options.outDir ?? join(WEB, 'dist');
  const entry = options.entry ?? join(WEB, 'src/main.tsx');
  const sources = await hashOfSources(entry);
  if ((await builtFrom(dir)) === sources) return { dir };

  const temporary = `${dir}.${process.pid}.tmp`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    const { first, version } = await bundle(entry, temporary, sources);
    await bundleWorker(temporary, version);
    const files = await describe(temporary);
    const manifest: WebManifest = { sources, files, first, csp: WEB_CSP };
    await writeFile(join(temporary, 'files.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await rm(dir, { recursive: true, force: true });
    await rename(temporary, dir);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process may have put the same build there between our removal and our renaming.
    if ((await builtFrom(dir)) !== sources) throw error;
  }
  return { dir };
}

async function builtFrom(dir: string): Promise<string | null> {
  const path = join(dir, 'files.json');
  if (!existsSync(path)) return null;
  return (JSON.parse(await readFile(path, 'utf8')) as WebManifest).sources;
}

async function hashOfSources(entry: string): Promise<string> {
  const hash = createHash('sha256').update(relative(ROOT, entry));
  for (const source of SOURCES) {
    for (const file of await filesOf(join(ROOT, source))) {
      if (/\.test\.tsx?$/.test(file)) continue;
      hash.update(`\0${relative(ROOT, file)}\0`).update(await readFile(file));
    }
  }
  return hash.digest('hex');
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name))
    .sort();
}

interface Bundled {
  /** What the page loads at once. */
  readonly first: readonly string[];
  /** Differs whenever a source or a file made of them does. */
  readonly version: string;
}

/** Bundles into `out` and writes `index.html`. */
async function bundle(entry: string, out: string, sources: string): Promise<Bundled> {
  const fonts = new Map<string, string>();
  const result = await Bun.build({
    entrypoints: [entry],
    outdir: join(out, 'assets'),
    target: 'browser',
    format: 'esm',
    splitting: true,
    minify: true,
    publicPath: '/assets/',
    naming: { entry: '[name]-[hash].[ext]', chunk: 'chunk-[hash].[ext]', asset: '[name]-[hash].[ext]' },
    plugins: [fontFiles(fonts)],
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  if (!result.success) throw new Error(result.logs.map(String).join('\n'));
  const script = result.outputs.find((o) => o.kind === 'entry-point' && o.path.endsWith('.js'));
  const style = result.outputs.find((o) => o.path.endsWith('.css'));
  if (!script || !style) throw new Error('The bundle has no script or no style sheet.');
  const name = (path: string): string => `assets/${basename(path)}`;
  const scripts = [name(script.path), ...importsOf(await script.text()).map((path) => `assets/${path}`)];
  await Promise.all([...fonts].map(([from, to]) => cp(from, join(out, to))));
  const early = [...fonts.values()].filter((path) => FIRST_FONTS.test(path));
  const made = [...result.outputs.map((o) => basename(o.path)), ...fonts.values()].sort();
  const version = createHash('sha256')
    .update([sources, ...made].join('\0'))
    .digest('hex')
    .slice(0, VERSION_CHARS);
  const head = [
    `<meta name="konferenco-version" content="${version}" />`,
    ...early.map(
      (path) => `<link rel="preload" href="/${path}" as="font" type="font/woff2" fetchpriority="low" crossorigin />`,
    ),
    `<link rel="stylesheet" href="/${name(style.path)}" />`,
    ...scripts.slice(1).map((path) => `<link rel="modulepreload" href="/${path}" />`),
    `<script type="module" src="/${scripts[0]}"></script>`,
  ].join('\n    ');
  const page = await readFile(join(WEB, 'index.html'), 'utf8');
  await writeFile(join(out, 'index.html'), page.replace('<!-- assets -->', head));
  await cp(join(WEB, 'src/icon.svg'), join(out, 'icon.svg'));
  await cp(join(WEB, 'src/icons'), join(out, 'icons'), { recursive: true });
  await cp(join(WEB, 'src/manifest.json'), join(out, 'manifest.webmanifest'));
  return { first: ['index.html', name(style.path), ...scripts, ...early], version };
}

/** Hexadecimal digits of the sources' hash that name a version. */
const VERSION_CHARS = 16;

/** Large and rarely needed: kept on the device when first used. */
const ON_DEMAND = /inter-latin-ext/;

/** Bundles the service worker, which knows every file of this version by its content. */
async function bundleWorker(out: string, version: string): Promise<void> {
  const files: ShellFile[] = [];
  for (const file of await filesOf(out)) {
    const path = `/${relative(out, file)}`;
    const hash = createHash('sha256')
      .update(await readFile(file))
      .digest()
      .subarray(0, HASH_BYTES)
      .toString('base64');
    const immutable = path.startsWith('/assets/');
    files.push({ path, hash, immutable, ...(ON_DEMAND.test(path) ? { onDemand: true as const } : {}) });
  }
  const shell: ShellBuild = { version, files };
  const result = await Bun.build({
    entrypoints: [join(WEB, 'src/service-worker/worker.ts')],
    target: 'browser',
    format: 'iife',
    minify: true,
    define: { SHELL_BUILD: JSON.stringify(shell), 'process.env.NODE_ENV': '"production"' },
  });
  const script = result.outputs[0];
  if (!result.success || !script) throw new Error(result.logs.map(String).join('\n'));
  await writeFile(join(out, 'service-worker.js'), await script.text());
}

/** Fonts that the first screen needs, in either language. */
const FIRST_FONTS = /inter-(latin-wght|macron)/;

/** Keeps fonts out of the style sheet, into which the bundler would write them. Fills `found`: file → path below the root. */
function fontFiles(found: Map<string, string>): BunPlugin {
  return {
    name: 'font files',
    setup(build) {
      build.onResolve({ filter: /\.woff2$/ }, async ({ path, importer }) => {
        const file = join(dirname(importer), path);
        const hash = createHash('sha256')
          .update(await readFile(file))
          .digest('hex')
          .slice(0, 8);
        const target = `assets/${basename(file, '.woff2')}-${hash}.woff2`;
        found.set(file, target);
        return { path: `/${target}`, external: true };
      });
    },
  };
}

/** Chunks that a module imports at once (not on demand). */
function importsOf(source: string): readonly string[] {
  const found = source.matchAll(/(?:from|import)\s*"(?:\.\/|\/assets\/)(chunk-[\w-]+\.js)"/g);
  return [...new Set([...found].map((m) => m[1] ?? ''))];
}

/** Writes compressed copies of what gains by it, and lists every file. */
async function describe(out: string): Promise<readonly WebFile[]> {
  const files: WebFile[] = [];
  for (const file of await filesOf(out)) {
    const content = await readFile(file);
    const path = relative(out, file);
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    const base = { path, type, bytes: content.length, immutable: path.startsWith('assets/') };
    if (content.length < COMPRESS_FROM_BYTES || type === 'font/woff2') {
      files.push(base);
      continue;
    }
    const gzip = gzipSync(content, { level: 9 });
    const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
    await Promise.all([writeFile(`${file}.gz`, gzip), writeFile(`${file}.br`, brotli)]);
    files.push({ ...base, gzip: gzip.length, brotli: brotli.length });
  }
  return files;
}

if (import.meta.main) {
  const started = performance.now();
  const { dir } = await buildWeb();
  console.log(`${relative(process.cwd(), dir) || dir}: ${Math.round(performance.now() - started)} ms`);
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalStore, LocalStoreError, type LocalStoreFault } from '@konferenco/client/storage';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { CHROMIUM, CHROMIUM_ARGS } from '../../tools/lib/chromium.ts';
import type { StorePage } from './page.ts';
import { fromText, toText } from './wire.ts';

declare global {
  interface Window {
    storePage: StorePage;
  }
}

export interface Opened {
  readonly store: LocalStore;
  readonly notice: { readonly kind: string } | null;
}

/** A browser with a profile that outlives it, and a page that opens stores in its IndexedDB. */
export interface Chromium {
  readonly url: string;
  readonly profile: string;
  start(): Promise<BrowserContext>;
  /** A new tab, loaded. */
  tab(context: BrowserContext): Promise<Page>;
  /** Ends the browser of this profile with SIGKILL, and waits until it is gone. */
  kill(context: BrowserContext): Promise<void>;
  close(): Promise<void>;
}

export async function prepareChromium(): Promise<Chromium> {
  const folder = await mkdtemp(join(tmpdir(), 'konferenco-device-'));
  const profile = join(folder, 'profile');
  const built = await Bun.build({ entrypoints: [join(import.meta.dir, 'page.ts')], target: 'browser' });
  const script = await built.outputs[0]?.text();
  const html = '<!doctype html><title>store</title><script type="module" src="/page.js"></script>';
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) =>
      new URL(request.url).pathname === '/page.js'
        ? new Response(script, { headers: { 'content-type': 'text/javascript' } })
        : new Response(html, { headers: { 'content-type': 'text/html' } }),
  });
  const url = `http://127.0.0.1:${server.port}/`;
  return {
    url,
    profile,
    start: () =>
      chromium.launchPersistentContext(profile, {
        executablePath: CHROMIUM,
        args: [...CHROMIUM_ARGS],
      }),
    async tab(context) {
      const page = await context.newPage();
      await page.goto(url);
      await page.waitForFunction(() => 'storePage' in window);
      return page;
    },
    async kill(context) {
      const gone = new Promise((resolve) => context.once('close', resolve));
      for (const pid of await browsersOf(profile)) process.kill(pid, 'SIGKILL');
      await gone;
    },
    async close() {
      await server.stop(true);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Processes whose command line names this profile: those of the browser started here. */
async function browsersOf(profile: string): Promise<readonly number[]> {
  const found = Bun.spawnSync(['ps', '-eo', 'pid=,args=']).stdout.toString();
  return found
    .split('\n')
    .filter((line) => line.includes(`--user-data-dir=${profile}`))
    .map((line) => Number.parseInt(line, 10));
}

/** Opens a store in the page; what is done to it here happens there. */
export async function openInPage(page: Page, user: string): Promise<Opened> {
  const answer = fromText(await page.evaluate((name) => window.storePage.open(name), user));
  const { number, kind, notice } = answer as { number: number; kind: LocalStore['kind']; notice: Opened['notice'] };
  const call = async (method: string, ...args: readonly unknown[]): Promise<never> => {
    const text = await page.evaluate(
      ([store, name, sent]) => window.storePage.call(Number(store), String(name), String(sent)),
      [number, method, toText(args)],
    );
    return opened(fromText(text)) as never;
  };
  return {
    notice,
    store: {
      kind,
      write: (changes) => call('write', changes),
      get: (table, key) => call('get', table, key),
      list: (table, range) => call('list', table, range),
      drop: (table, prefix) => call('drop', table, prefix),
      usage: () => call('usage'),
      close: () => call('close'),
    },
  };
}

function opened(answer: unknown): unknown {
  const { value, thrown, fault, message, keys } = answer as {
    value?: unknown;
    thrown?: string;
    fault?: LocalStoreFault;
    message?: string;
    keys?: readonly string[];
  };
  if (fault !== undefined) throw new LocalStoreError(fault, message ?? '', undefined, keys);
  if (thrown !== undefined) throw new TypeError(thrown);
  return value;
}

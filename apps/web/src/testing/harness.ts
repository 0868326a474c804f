import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { buildWeb, WEB_CSP } from '../../../../tools/build-web.ts';
import { CHROMIUM, CHROMIUM_ARGS } from '../../../../tools/lib/chromium.ts';
import type { FakeClient } from './fake-client.ts';

declare global {
  interface Window {
    /** The client that the application under test works with. */
    fake: FakeClient;
  }
}

/** How long what a test waits for may take, on a busy machine too. */
const PATIENCE_MS = 10_000;

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly language?: 'en' | 'mi';
  readonly dark?: boolean;
  readonly touch?: boolean;
  /** The reader's; the venue's unless given. */
  readonly timeZone?: string;
}

export interface Harness {
  /** Opens the application over the fake client; what the page or its policy complains of is kept in `complaints`. */
  open(path: string, options?: OpenOptions): Promise<Page>;
  /** Opens a place, works with it, and closes it again. A failure comes with what the page showed. */
  visit(path: string, options: OpenOptions, work: (page: Page) => Promise<void>): Promise<void>;
  readonly complaints: string[];
  close(): Promise<void>;
}

/** Builds the application over the fake client, serves it under its CSP on a free loopback port, and starts a browser. */
export async function startHarness(): Promise<Harness> {
  const profile = await mkdtemp(join(tmpdir(), 'konferenco-web-'));
  const { dir } = await buildWeb({ outDir: join(profile, 'dist'), entry: join(import.meta.dir, 'main.tsx') });
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => answer(dir, new URL(request.url).pathname),
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_ARGS] });
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];
  const open: Harness['open'] = async (
    path,
    { width = 1440, height = 900, language = 'en', dark = false, touch = false, timeZone } = {},
  ) => {
    const context = await browser.newContext({
      viewport: { width, height },
      locale: language === 'mi' ? 'mi-NZ' : 'en-NZ',
      timezoneId: timeZone ?? 'Pacific/Auckland',
      colorScheme: dark ? 'dark' : 'light',
      hasTouch: touch,
      isMobile: touch,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    contexts.push(context);
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(`http://127.0.0.1:${server.port}${path}`);
    await page.locator('#main, .join-card').first().waitFor({ state: 'attached' });
    await page.evaluate(() => document.fonts.ready);
    return page;
  };
  return {
    complaints,
    open,
    async visit(path, options, work) {
      const page = await open(path, options);
      page.setDefaultTimeout(PATIENCE_MS);
      try {
        await work(page);
      } catch (error) {
        const shown = await page.locator('body').ariaSnapshot();
        throw new Error(`${page.url()} showed:\n${shown}`, { cause: error });
      } finally {
        await page.context().close();
      }
    },
    async close() {
      await Promise.all(contexts.map((c) => c.close()));
      await browser.close();
      await server.stop(true);
      await rm(profile, { recursive: true, force: true });
    },
  };
}

async function answer(dir: string, path: string): Promise<Response> {
  const file = Bun.file(join(dir, path));
  const found = path.includes('.') && (await file.exists()) ? file : Bun.file(join(dir, 'index.html'));
  return new Response(found, { headers: { 'content-security-policy': WEB_CSP, 'content-type': found.type } });
}

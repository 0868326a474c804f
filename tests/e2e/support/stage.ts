import { afterAll, beforeAll } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestServer } from '@konferenco/testkit';
import type { Browser } from 'playwright-core';
import { startBrowser, startWithPage } from '../people.ts';

/** What the tests of a file play on: the real program with its page and the demo event, and a browser. */
export interface Stage {
  readonly server: TestServer;
  readonly browser: Browser;
  /** Starts the server again on its old port and data after it was killed, as a supervisor does. */
  restart(): Promise<void>;
}

/**
 * A stage for the tests of the file that calls this, up before the first and gone after the last.
 *
 * @param prepare resolves with options of the server, by environment name
 */
export function useStage(prepare: () => Promise<Readonly<Record<string, string>>> = async () => ({})): Stage {
  let up: { readonly dir: string; readonly browser: Browser; server: TestServer } | null = null;
  const there = () => {
    if (!up) throw new Error('the stage is not up');
    return up;
  };
  let env: Readonly<Record<string, string>> = {};
  beforeAll(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'konferenco-e2e-'));
    env = await prepare();
    const [server, browser] = await Promise.all([startWithPage({ dir, env }), startBrowser()]);
    up = { dir, browser, server };
  });
  afterAll(async () => {
    const { dir, browser, server } = there();
    await browser.close();
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    get server() {
      return there().server;
    },
    get browser() {
      return there().browser;
    },
    async restart() {
      const { dir, server } = there();
      there().server = await startWithPage({ dir, env, port: server.port });
    },
  };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { Link } from './link.ts';
import { browserOptions, DESKTOP, Person } from './people.ts';

/** Tall enough that nothing written here scrolls out of a list that draws only what is visible. */
export const TALL = { width: 1440, height: 2400 };

/** Somebody's own browser: a process with a profile that outlives it, on a line that can be cut. */
export class Device {
  readonly name: string;
  readonly profile: string;
  readonly #link: Link;
  readonly #options: BrowserContextOptions;
  #context: BrowserContext | null = null;
  #person: Person | null = null;
  #closed: Promise<unknown> = Promise.resolve();
  #isOnline = true;

  /** A new profile, its browser started. */
  static async open(port: number, name: string, options: BrowserContextOptions = {}): Promise<Device> {
    const profile = await mkdtemp(join(tmpdir(), 'konferenco-profile-'));
    const device = new Device(name, profile, await Link.to(port), options);
    await device.start();
    return device;
  }

  private constructor(name: string, profile: string, link: Link, options: BrowserContextOptions) {
    this.name = name;
    this.profile = profile;
    this.#link = link;
    this.#options = { viewport: DESKTOP, locale: 'en-NZ', ...options };
  }

  /** Keeps its port, and with it everything that the browser keeps for the address. */
  get url(): string {
    return `http://localhost:${this.#link.port}`;
  }

  get context(): BrowserContext {
    if (this.#context === null) throw new Error('the browser does not run');
    return this.#context;
  }

  get person(): Person {
    if (this.#person === null) throw new Error('the browser does not run');
    return this.#person;
  }

  get page(): Page {
    return this.person.page;
  }

  async start(): Promise<void> {
    this.#context = await chromium.launchPersistentContext(this.profile, {
      ...browserOptions(),
      ...this.#options,
      offline: !this.#isOnline,
    });
    const context = this.#context;
    this.#closed = new Promise((resolve) => context.once('close', resolve));
    this.#person = new Person(this.name, this.#context, this.#context.pages()[0] ?? (await this.#context.newPage()));
  }

  /** The browser ends in good order. */
  async stop(): Promise<void> {
    await this.#context?.close();
    this.#gone();
  }

  /** Kills the browser's processes of now when it is called: SIGKILL. */
  killer(): () => void {
    const processes = processesOf(this.profile);
    return () => {
      for (const pid of processes) killed(pid);
    };
  }

  /** Resolves when a killed browser is gone. */
  async dead(): Promise<void> {
    // Those that were started after the others were named.
    for (const pid of processesOf(this.profile)) killed(pid);
    await this.#closed;
    this.#gone();
  }

  /** No network: the line is cut, and the browser knows it. */
  async cut(): Promise<void> {
    this.#isOnline = false;
    this.#link.cut();
    await this.#context?.setOffline(true);
  }

  async mend(): Promise<void> {
    this.#isOnline = true;
    this.#link.mend();
    await this.#context?.setOffline(false);
  }

  /** Opens a place as a link from elsewhere does. */
  async visit(path: string): Promise<void> {
    await this.page.goto(`${this.url}${path}`);
    // On a phone a conversation covers the places.
    await this.page.locator('nav.places').waitFor({ state: 'attached' });
  }

  async close(): Promise<void> {
    await this.stop();
    this.#link.close();
    await rm(this.profile, { recursive: true, force: true });
  }

  #gone(): void {
    this.#context = null;
    this.#person = null;
  }
}

/** Processes whose command line names this profile: those of the browser started here. */
function processesOf(profile: string): readonly number[] {
  const found = Bun.spawnSync(['ps', '-eo', 'pid=,args=']).stdout.toString();
  return found
    .split('\n')
    .filter((line) => line.includes(`--user-data-dir=${profile}`))
    .map((line) => Number.parseInt(line, 10));
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended with its parent.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until the service worker keeps the application and answers for this page. */
export function kept(page: Page): Promise<void> {
  return page.evaluate(async () => {
    const { serviceWorker } = navigator;
    await serviceWorker.ready;
    if (!serviceWorker.controller)
      await new Promise((resolve) => serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
  });
}

/** Waits until everything of the person is on the device: documents, conversations and people. */
export async function upToDate(device: Device): Promise<void> {
  await kept(device.page);
  await device.page.locator('nav.places a[href="/me"]').click();
  await device.page.getByRole('link', { name: /Storage and sync/ }).click();
  await device.page.getByRole('button', { name: 'Sync now' }).click();
  await device.page.getByText('Everything is up to date.').waitFor();
}

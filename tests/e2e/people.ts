import { existsSync } from 'node:fs';
import { TestServer, type TestServerOptions } from '@konferenco/testkit';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { buildWeb } from '../../tools/build-web.ts';
import { CHROMIUM, CHROMIUM_ARGS } from '../../tools/lib/chromium.ts';

export const PHONE = { width: 360, height: 740 };
export const DESKTOP = { width: 1440, height: 900 };

/** How a real Chromium is started. @throws {Error} saying what to install when there is none. */
export function browserOptions(): { readonly executablePath: string; readonly args: string[] } {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `no Chromium at ${CHROMIUM}: install it (Debian: apt-get install chromium) or set CHROMIUM to its path`,
    );
  }
  return { executablePath: CHROMIUM, args: [...CHROMIUM_ARGS] };
}

export async function startBrowser(): Promise<Browser> {
  return chromium.launch(browserOptions());
}

/** The real program with the built app and the demo event, as `npm start` runs it. */
export async function startWithPage(options: Pick<TestServerOptions, 'port' | 'dir' | 'env'>): Promise<TestServer> {
  await buildWeb();
  return TestServer.start({ storage: 'disk', ...options });
}

/** Somebody in front of a browser of their own. */
export class Person {
  readonly name: string;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors the page threw or logged. */
  readonly faults: string[] = [];

  static async open(browser: Browser, name: string, options: BrowserContextOptions = {}): Promise<Person> {
    const context = await browser.newContext({ viewport: DESKTOP, locale: 'en-NZ', ...options });
    return new Person(name, context, await context.newPage());
  }

  constructor(name: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => this.faults.push(error.message));
  }

  /** Signs in by name. */
  async join(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.getByLabel('Your name, as others will see it').fill(this.name);
    await this.page.getByRole('button', { name: 'Join', exact: true }).click();
    await this.page.getByRole('heading', { name: 'Talk' }).first().waitFor();
  }

  async openConversation(title: string): Promise<void> {
    await this.page
      .getByRole('link', { name: new RegExp(title) })
      .first()
      .click();
    await this.composer().waitFor();
  }

  composer() {
    return this.page.getByRole('textbox', { name: /^Message to/ });
  }

  async say(text: string): Promise<void> {
    await this.composer().fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Waits until `text` stands in the timeline. */
  async sees(text: string): Promise<void> {
    await this.message(text).first().waitFor();
  }

  message(text: string) {
    return this.page.getByRole('article').filter({ hasText: text });
  }

  /** The texts of the timeline that match, from top to bottom. */
  async texts(pattern: RegExp): Promise<string[]> {
    const all = await this.page.getByRole('article').allInnerTexts();
    return all.flatMap((text) => pattern.exec(text)?.[0] ?? []);
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

import type { Browser, BrowserContextOptions } from 'playwright-core';
import { Link } from './link.ts';
import { Person } from './people.ts';

export interface JoinOptions extends BrowserContextOptions {
  readonly before?: (() => void) | undefined;
}

/** Somebody whose network goes and comes. */
export class Away {
  readonly person: Person;
  readonly url: string;
  readonly #link: Link;

  /** In a browser of their own, signed in; `before` runs in each of its pages before anything else. */
  static async join(browser: Browser, port: number, name: string, options: JoinOptions = {}): Promise<Away> {
    const { before, ...context } = options;
    const away = new Away(await Person.open(browser, name, context), await Link.to(port));
    if (before) await away.person.context.addInitScript(before);
    const { page } = away.person;
    await page.goto(away.url);
    // The first field is the name in either language, and the first button after it joins.
    await page.getByRole('textbox').first().fill(name);
    await page.keyboard.press('Enter');
    await page.locator('nav.places').waitFor();
    return away;
  }

  private constructor(person: Person, link: Link) {
    this.person = person;
    this.url = `http://localhost:${link.port}`;
    this.#link = link;
  }

  get page() {
    return this.person.page;
  }

  async visit(path: string): Promise<void> {
    await this.page.goto(`${this.url}${path}`);
    // On a phone a conversation covers the places.
    await this.page.locator('nav.places').waitFor({ state: 'attached' });
  }

  async cut(): Promise<void> {
    this.#link.cut();
    await this.person.context.setOffline(true);
  }

  async mend(): Promise<void> {
    this.#link.mend();
    await this.person.context.setOffline(false);
  }

  async close(): Promise<void> {
    await this.person.close();
    this.#link.close();
  }
}

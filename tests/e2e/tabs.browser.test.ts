import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import type { BrowserContext, Page } from 'playwright-core';
import { useStage } from './support/stage.ts';

setDefaultTimeout(600_000);

/** Tall enough that nothing written here scrolls out of a list that draws only what is visible. */
const TALL = { viewport: { width: 1440, height: 2400 }, locale: 'en-NZ' };

const stage = useStage();
afterEach(() => Promise.all(stage.browser.contexts().map((context) => context.close())));

/** One tab of somebody's browser. */
class Tab {
  readonly page: Page;
  readonly faults: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => this.faults.push(error.message));
  }

  static async open(context: BrowserContext): Promise<Tab> {
    return new Tab(await context.newPage());
  }

  async join(name: string): Promise<void> {
    await this.page.goto(stage.server.httpUrl);
    await this.page.getByLabel('Your name, as others will see it').fill(name);
    await this.page.getByRole('button', { name: 'Join', exact: true }).click();
    await this.page.getByRole('heading', { name: 'Talk' }).first().waitFor();
  }

  /** Goes to the channel that everybody is in. */
  async visit(): Promise<void> {
    await this.page.goto(`${stage.server.httpUrl}/talk/ch:korero`);
    await this.composer.waitFor();
  }

  get composer() {
    return this.page.getByRole('textbox', { name: /^Message to/ });
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.page.keyboard.press('Enter');
  }

  message(text: string) {
    return this.page.getByRole('article').filter({ hasText: text });
  }

  async sees(text: string): Promise<void> {
    await this.message(text).first().waitFor();
  }

  async seesStored(text: string): Promise<void> {
    await this.message(text).getByTitle('Stored on the server').waitFor();
  }

  /** Whether this tab holds the lock of the shared connection. */
  owns(): Promise<boolean> {
    return this.page.evaluate(() =>
      navigator.locks.request('who-am-i', async () => {
        const { held = [] } = await navigator.locks.query();
        const me = held.find(({ name }) => name === 'who-am-i')?.clientId;
        return held.some(({ name, clientId }) => name?.endsWith(':connection') && clientId === me);
      }),
    );
  }

  /** What of this run stands in the timeline, from top to bottom. */
  async words(pattern: RegExp): Promise<string[]> {
    const all = await this.page.getByRole('article').allInnerTexts();
    return all.flatMap((text) => pattern.exec(text)?.[0] ?? []);
  }
}

/** Resolves once `holds` does. */
async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within 30 s: ${what}`);
    await Bun.sleep(50);
  }
}

const connections = async () => (await stage.server.getMetrics()).activeConnections;
const oneConnection = () => until(async () => (await connections()) === 1, 'the server has one connection');
const ownersOf = async (tabs: readonly Tab[]): Promise<readonly Tab[]> => {
  const owns = await Promise.all(tabs.map((tab) => tab.owns()));
  return tabs.filter((_, index) => owns[index]);
};

// proves TB-1, TB-7, TB-12
test('three tabs of one person use one WebSocket, see what each writes, and go on when the owner closes', async () => {
  const context = await stage.browser.newContext(TALL);
  const first = await Tab.open(context);
  await first.join('Moana');
  await first.visit();
  const rest = await Promise.all([Tab.open(context), Tab.open(context)]);
  // Both load at the same moment.
  await Promise.all(rest.map((tab) => tab.visit()));
  const tabs = [first, ...rest];
  await first.say('moana 1');
  for (const tab of tabs) await tab.seesStored('moana 1');
  const [owner, ...others] = await ownersOf(tabs);
  expect(others).toEqual([]);
  expect(await connections()).toBe(1);

  for (const [index, tab] of tabs.entries()) await tab.say(`moana ${index + 2}`);
  for (const tab of tabs) for (const number of [2, 3, 4]) await tab.seesStored(`moana ${number}`);

  const left = tabs.filter((tab) => tab !== owner);
  await Promise.all([left[0]?.say('moana 5'), owner?.page.close()]);
  for (const tab of left) await tab.seesStored('moana 5');
  await left[1]?.say('moana 6');
  for (const tab of left) await tab.seesStored('moana 6');
  expect(await ownersOf(left)).toHaveLength(1);
  await oneConnection();
  const said = [1, 2, 3, 4, 5, 6].map((number) => `moana ${number}`);
  for (const tab of left) expect((await tab.words(/moana \d/)).toSorted()).toEqual(said);
  expect(tabs.flatMap(({ faults }) => faults)).toEqual([]);
});

// proves TB-7
test('the owner’s process is killed: the others go on by themselves', async () => {
  const context = await stage.browser.newContext(TALL);
  const owner = await Tab.open(context);
  await owner.join('Tāne');
  await owner.visit();
  await until(() => owner.owns(), 'the first tab is connected');
  const other = await Tab.open(context);
  await other.visit();
  await other.say('tane 1');
  await owner.seesStored('tane 1');
  expect(await other.owns()).toBe(false);
  // The page's process dies; only the browser's own lock manager tells the others.
  await owner.page.goto('chrome://crash').catch(() => {});
  await other.say('tane 2');
  await other.seesStored('tane 2');
  expect(await other.owns()).toBe(true);
  expect(await other.words(/tane \d/)).toEqual(['tane 1', 'tane 2']);
  expect(other.faults).toEqual([]);
});

// proves TB-1, TB-11
test('two tabs start at the same moment, write without a network, and all of it arrives once', async () => {
  const context = await stage.browser.newContext(TALL);
  const start = await Tab.open(context);
  await start.join('Hina');
  await start.page.close();
  await until(async () => (await connections()) === 0, 'nobody is connected');
  const tabs = await Promise.all([Tab.open(context), Tab.open(context)]);
  await Promise.all(tabs.map((tab) => tab.visit()));
  await oneConnection();

  await context.setOffline(true);
  for (let i = 1; i <= 3; i++) for (const [index, tab] of tabs.entries()) await tab.say(`hina ${index + 1}-${i}`);
  for (const tab of tabs) for (const text of ['hina 1-3', 'hina 2-3']) await tab.sees(text);
  await context.setOffline(false);
  const said = ['1-1', '1-2', '1-3', '2-1', '2-2', '2-3'].map((number) => `hina ${number}`);
  for (const tab of tabs) for (const text of said) await tab.seesStored(text);
  for (const tab of tabs) expect((await tab.words(/hina \d-\d/)).toSorted()).toEqual(said);
  for (const tab of tabs) {
    await tab.page.reload();
    for (const text of said) await tab.sees(text);
    expect((await tab.words(/hina \d-\d/)).toSorted()).toEqual(said);
  }
  await oneConnection();
  expect(tabs.flatMap(({ faults }) => faults)).toEqual([]);
});

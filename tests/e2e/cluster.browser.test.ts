import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterTopology, type Topology } from '@konferenco/testkit/faults';
import type { Browser } from 'playwright-core';
import { buildWeb } from '../../tools/build-web.ts';
import { until } from '../system/support/until.ts';
import { Person, startBrowser } from './people.ts';

setDefaultTimeout(600_000);

const TALL = { viewport: { width: 1440, height: 2400 } };

let dir: string;
let topology: Topology;
let browser: Browser;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'konferenco-e2e-'));
  await buildWeb();
  [topology, browser] = await Promise.all([clusterTopology({ dir, seed: 1 }), startBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await topology.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Connections of each node, as the first one hears. */
async function connections(): Promise<readonly number[]> {
  const answer = await fetch(`${topology.nodes[0]?.url}/topology`);
  const { nodes } = (await answer.json()) as { readonly nodes: readonly { readonly connections: number }[] };
  return nodes.map((node) => node.connections);
}

/** Somebody whose page comes from the first node, with the number of the node that has their socket. */
async function arrive(name: string): Promise<{ readonly person: Person; readonly at: number }> {
  const before = await connections();
  const person = await Person.open(browser, name, TALL);
  await person.join(topology.nodes[0]?.url ?? '');
  let at = -1;
  const hasCome = async () => {
    at = (await connections()).findIndex((count, index) => count > (before[index] ?? 0));
    return at >= 0;
  };
  await until(hasCome, `${name} is connected`);
  return { person, at };
}

test('two people on different nodes see each other, type, talk and react; one node is killed, and they go on without a reload', async () => {
  const first = await arrive('Bex');
  let second = await arrive('Cato');
  for (const name of ['Dov', 'Eero', 'Fyn', 'Gus', 'Ike', 'Jory']) {
    if (second.at !== first.at) break;
    await second.person.close();
    await until(async () => (await connections()).reduce((sum, n) => sum + n, 0) === 1, 'one of two has left');
    second = await arrive(name);
  }
  expect(second.at).not.toBe(first.at);
  const [one, other] = [first.person, second.person];
  await one.page
    .getByRole('link', { name: /^People/ })
    .first()
    .click();
  await one.page.getByLabel('Search by name').fill(other.name);
  const row = one.page.getByRole('link', { name: new RegExp(other.name) });
  await row.first().click();
  await one.page.getByRole('link', { name: 'Message', exact: true }).click();
  await one.page.getByRole('img', { name: 'Online' }).first().waitFor();
  await one.page.locator('nav.places a[href="/talk"]').click();
  for (const person of [one, other]) await person.openConversation('Kōrero');

  await other.composer().pressSequentially('word');
  await one.page
    .getByText(new RegExp(`${other.name}.*typing|${other.name} is writing`, 'i'))
    .first()
    .waitFor();
  await other.say('word 01');
  await one.sees('word 01');
  await one.message('word 01').first().focus();
  await one.page.keyboard.press('+');
  await one.page.keyboard.press('Enter');
  await other
    .message('word 01')
    .getByRole('button', { name: /^👍 1 from Bex/ })
    .waitFor();
  // The page's own node stays: it is another that dies.
  const doomed = second.at === 0 ? first : second;
  await topology.nodes[doomed.at]?.kill();
  await one.say('word 02');
  await other.sees('word 02');
  await other.say('word 03');
  await one.sees('word 03');
  for (const person of [one, other]) {
    expect(await person.texts(/word \d\d/)).toEqual(['word 01', 'word 02', 'word 03']);
    expect(await person.page.evaluate(() => performance.getEntriesByType('navigation').length)).toBe(1);
    expect(person.faults).toEqual([]);
  }
});

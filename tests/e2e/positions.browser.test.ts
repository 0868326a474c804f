import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directLog, type Envelope } from '@konferenco/protocol';
import type { TestServer } from '@konferenco/testkit';
import type { Browser } from 'playwright-core';
import { violations } from './axe.ts';
import { PHONE, Person, startBrowser, startWithPage } from './people.ts';

setDefaultTimeout(60_000);

let dir: string;
let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'konferenco-e2e-'));
  [server, browser] = await Promise.all([startWithPage({ dir }), startBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Another program of the same person, which says where it is. */
async function program(name: string) {
  const socket = new WebSocket(`${server.url}?token=${name}`, 'konferenco-v1');
  const answers = new Map<number, (frame: Record<string, unknown>) => void>();
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(String(data)) as Record<string, unknown>;
    answers.get(frame['ref'] as number)?.(frame);
  };
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  let ref = 0;
  const ask = (frame: object) =>
    new Promise<Record<string, unknown>>((resolve) => {
      answers.set(++ref, resolve);
      socket.send(JSON.stringify({ ...frame, ref }));
    });
  const hello = await ask({ type: 'hello', device_id: 'watch' });
  const user = (hello['data'] as { user_id: string }).user_id;
  /** One position a second is taken: it comes back when it is told to. */
  const here = async (zone: string): Promise<Record<string, unknown>> => {
    const envelope: Envelope = {
      id: Bun.randomUUIDv7(),
      type: 'location',
      subtype: 'position_update',
      from: { user_id: user, device_id: 'watch' },
      to: { type: 'user', id: user },
      payload: { zone },
      timestamp: Date.now(),
    };
    const answer = await ask({ type: 'publish', envelope });
    if (answer['error'] !== 'rate_limited') return answer;
    await Bun.sleep(Number(answer['retry_after_ms']));
    return here(zone);
  };
  return { user, here, close: () => socket.close() };
}

// proves AP-28
test('where somebody was is kept when they say so, shown to them, erased on a button, and gone when they take it back', async () => {
  const person = await Person.open(browser, 'Hine', { viewport: PHONE, colorScheme: 'dark' });
  const { page } = person;
  await person.join(server.httpUrl);
  const watch = await program('Hine');
  expect(await watch.here('hall')).toMatchObject({ error: 'forbidden' });

  await page.goto(`${server.httpUrl}/me`);
  const allow = page.getByRole('checkbox', { name: 'Keep where I was for 24 hours' });
  await allow.click();
  await page.getByText('Nothing is kept.').waitFor();
  expect(await allow.isChecked()).toBe(true);
  expect(await violations(page)).toEqual([]);
  expect(await watch.here('hall')).toMatchObject({ type: 'reply' });

  await page.reload();
  await page.getByText('The oldest place kept is from').waitFor();
  await page.getByRole('button', { name: 'Erase where I was' }).click();
  await page.getByText('Nothing is kept.').waitFor();
  await allow.click();
  await page.getByText('On since').waitFor({ state: 'detached' });
  expect(await watch.here('bridge')).toMatchObject({ error: 'forbidden' });

  const log = await page.request.get(`${server.httpUrl}/api/logs/${directLog(watch.user, watch.user)}`, {
    headers: { authorization: `Bearer ${await tokenOf('Hine')}` },
  });
  const { items } = (await log.json()) as { items: { gone?: string; envelope?: unknown }[] };
  expect(items.map(({ gone }) => gone)).toEqual(['erased']);
  expect(person.faults).toEqual([]);
  watch.close();
  await person.close();
});

async function tokenOf(name: string): Promise<string> {
  const answer = await fetch(`${server.httpUrl}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

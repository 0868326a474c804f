import { expect, setDefaultTimeout, test } from 'bun:test';
import { directLog, type Envelope } from '@konferenco/protocol';
import { violations } from './axe.ts';
import { DESKTOP, PHONE, Person } from './people.ts';
import { useStage } from './support/stage.ts';

setDefaultTimeout(600_000);

const stage = useStage();

/** Another program of the same person, which says where it is. */
async function program(name: string) {
  const socket = new WebSocket(`${stage.server.url}?token=${name}`, 'konferenco-v1');
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
  const person = await Person.open(stage.browser, 'Hine', { viewport: PHONE, colorScheme: 'dark' });
  const { page } = person;
  await person.join(stage.server.httpUrl);
  const watch = await program('Hine');
  expect(await watch.here('hall')).toMatchObject({ error: 'forbidden' });

  await page.goto(`${stage.server.httpUrl}/me`);
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

  const log = await page.request.get(`${stage.server.httpUrl}/api/logs/${directLog(watch.user, watch.user)}`, {
    headers: { authorization: `Bearer ${await tokenOf('Hine')}` },
  });
  const { items } = (await log.json()) as { items: { gone?: string; envelope?: unknown }[] };
  expect(items.map(({ gone }) => gone)).toEqual(['erased']);
  expect(person.faults).toEqual([]);
  watch.close();
  await person.close();
});

async function tokenOf(name: string): Promise<string> {
  const answer = await fetch(`${stage.server.httpUrl}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

interface Seen {
  readonly consent?: object;
  readonly items: { readonly lat: number; readonly lng: number; readonly accuracy_m: number }[];
}

/** What the server keeps of where somebody was. */
async function seen(name: string): Promise<Seen> {
  const answer = await fetch(`${stage.server.httpUrl}/api/me/positions`, {
    headers: { authorization: `Bearer ${await tokenOf(name)}` },
  });
  return (await answer.json()) as Seen;
}

const HARBOUR = { latitude: -41.28654, longitude: 174.78, accuracy: 12 };

// proves AP-29, PO-10
test('a position is shared from the press of a switch on, over a reload, and not from the moment it is turned off', async () => {
  const options = { viewport: PHONE, geolocation: HARBOUR, permissions: ['geolocation'] };
  const person = await Person.open(stage.browser, 'Rewi', options);
  const { page, context } = person;
  await person.join(stage.server.httpUrl);
  await page.goto(`${stage.server.httpUrl}/me`);
  const share = page.getByRole('switch', { name: 'Share my position', checked: false });
  await share.waitFor();
  expect(await seen('Rewi')).toEqual({ items: [] });

  await share.press('Space');
  const shared = page.getByText('Your position is being shared.');
  await shared.waitFor();
  await page.getByText(/Last sent now, exact to about 12\sm/).waitFor();
  await page.getByRole('checkbox', { name: 'Keep where I was for 24 hours', checked: true }).waitFor();
  expect((await seen('Rewi')).items).toMatchObject([{ lat: -41.28654, lng: 174.78, accuracy_m: 12 }]);
  expect(await violations(page)).toEqual([]);

  await context.setOffline(true);
  await page.getByText('No connection: nothing is sent').waitFor();
  await context.setGeolocation({ ...HARBOUR, latitude: -41.29 });
  await context.setOffline(false);
  await shared.waitFor();
  await page.getByText(/Last sent now/).waitFor();
  await page.reload();
  await shared.waitFor();
  await page.getByText(/Last sent now/).waitFor();
  const { items } = await seen('Rewi');
  expect(items.map(({ lat }) => lat)).toEqual([-41.28654, ...items.slice(1).map(() => -41.29)]);
  expect(items.length).toBeGreaterThan(1);

  await page.getByRole('switch', { checked: true }).click();
  await page.getByText('Nothing is sent any more.').waitFor();
  await shared.waitFor({ state: 'detached' });
  await context.setGeolocation({ ...HARBOUR, latitude: -41.3 });
  await page.reload();
  await share.waitFor();
  expect((await seen('Rewi')).items.length).toBe(items.length);
  expect(person.faults).toEqual([]);
  await person.close();
});

// proves AP-29, PO-10
test('a browser that does not let the page know is told of with the way back, and signing out ends the sharing', async () => {
  const person = await Person.open(stage.browser, 'Tama', { viewport: DESKTOP, geolocation: HARBOUR });
  const { page, context } = person;
  await person.join(stage.server.httpUrl);
  await page.goto(`${stage.server.httpUrl}/me`);
  await page.getByRole('switch', { name: 'Share my position' }).click();
  await page.getByText('your browser does not let this page know').waitFor();
  await page.getByText('To allow it').waitFor();
  expect(await seen('Tama')).toEqual({ items: [] });
  expect(await violations(page)).toEqual([]);

  await context.grantPermissions(['geolocation']);
  await page.getByText('Your position is being shared.').waitFor();
  await page.getByRole('link', { name: 'Talk' }).first().click();
  await page.getByRole('link', { name: /Sharing your position is on/ }).click();
  // Taken back on another device: the next position is refused, and that ends it.
  await fetch(`${stage.server.httpUrl}/api/me/positions/consent`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${await tokenOf('Tama')}` },
  });
  await page.reload();
  await page.getByText('Sharing has ended').waitFor();
  await page.getByRole('switch', { name: 'Share my position', checked: false }).click();
  await page.getByText('Your position is being shared.').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Join', exact: true }).waitFor();
  expect(await page.evaluate(() => localStorage.getItem('konferenco.sharing'))).toBeNull();
  expect(person.faults).toEqual([]);
  await person.close();
});

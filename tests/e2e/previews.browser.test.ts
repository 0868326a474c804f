import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { type RunningS3, startS3 } from '@konferenco/testkit/servers';
import type { Page } from 'playwright-core';
import { violations } from './axe.ts';
import { PHONE, Person } from './people.ts';
import { useStage } from './support/stage.ts';

setDefaultTimeout(600_000);

let s3: RunningS3;
const stage = useStage(async () => {
  // Another origin than the page's, with the one rule that the guide for operators names.
  s3 = await startS3({ corsOrigin: 'http://127.0.0.1:*' });
  return {
    KONFERENCO_S3_ENDPOINT: s3.endpoint,
    KONFERENCO_S3_REGION: s3.region,
    KONFERENCO_S3_BUCKET: s3.bucket,
    KONFERENCO_S3_KEY: s3.access_key,
    KONFERENCO_S3_SECRET: s3.secret_key,
    KONFERENCO_S3_PATH_STYLE: 'on',
  };
});
afterAll(() => s3.server.stop());

/** A photo of many colours, so that its bytes are as many as a camera's. */
async function photo(page: Page) {
  const base64 = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 3_000, height: 2_000 });
    const context = canvas.getContext('2d');
    for (let n = 0; context && n < 400; n++) {
      context.fillStyle = `hsl(${(n * 37) % 360} 50% ${20 + ((n * 13) % 60)}%)`;
      context.fillRect((n * 97) % 3_000, (n * 61) % 2_000, 400, 300);
    }
    return canvas.toDataURL('image/jpeg', 0.9).split(',')[1] ?? '';
  });
  return { name: 'weir.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(base64, 'base64') };
}

async function member(name: string, options = {}, preferences: object | null = null): Promise<Person> {
  const person = await Person.open(stage.browser, name, options);
  if (preferences)
    await person.context.addInitScript(
      (kept) => localStorage.setItem('konferenco.preferences', kept),
      JSON.stringify(preferences),
    );
  await person.join(stage.server.httpUrl);
  await person.page.goto(`${stage.server.httpUrl}/talk/ch:korero`);
  await person.composer().waitFor();
  return person;
}

const WORDS = 'The weir in flood, seen from the bridge';

// proves AP-26, AP-27
test('a picture from another origin is seen small at once, whole when it is opened, and without a network after that', async () => {
  const sender = await member('Hine');
  await sender.page.setInputFiles('.composer input[type=file]', [await photo(sender.page)]);
  await sender.page.getByRole('textbox', { name: 'Describe weir.jpg' }).fill(WORDS);
  await sender.composer().fill('Water is high today');
  expect(await violations(sender.page)).toEqual([]);
  await sender.page.getByRole('button', { name: 'Send', exact: true }).click();
  await sender.page.getByRole('button', { name: `Open the picture ${WORDS}` }).waitFor();

  const reader = await member('Wiremu', { viewport: PHONE, colorScheme: 'dark' }, { saveData: true });
  const fromStorage: string[] = [];
  reader.page.on('request', (request) => {
    if (request.url().startsWith(s3.endpoint)) fromStorage.push(request.url());
  });
  const button = reader.page.getByRole('button', { name: `Open the picture ${WORDS}` });
  const small = button.locator('img');
  await small.waitFor();
  const look = await small.evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    const { width, height } = image.getBoundingClientRect();
    return { pixels: image.naturalWidth, ratio: Math.round((width / height) * 100) / 100 };
  });
  expect(look).toEqual({ pixels: 320, ratio: 1.5 });
  await reader.sees('Water is high today');
  expect(await violations(reader.page)).toEqual([]);
  expect(fromStorage).toEqual([]);

  await button.click();
  const viewer = reader.page.getByRole('dialog');
  const whole = viewer.getByRole('img', { name: WORDS });
  await whole.waitFor();
  expect(await whole.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(2_560);
  await viewer.getByText(WORDS, { exact: true }).waitFor();
  expect(fromStorage.length).toBe(1);
  expect(await violations(reader.page)).toEqual([]);
  await reader.page.keyboard.press('Escape');

  await reader.context.setOffline(true);
  await button.click();
  await whole.waitFor();
  expect([...sender.faults, ...reader.faults]).toEqual([]);
  await sender.close();
  await reader.close();

  const barred = await member('Moana', {}, { saveData: true });
  // As where the storage has no rule: scripts may not fetch, and pictures may be shown.
  await barred.page.route(`${s3.endpoint}/**`, (route) =>
    route.request().resourceType() === 'fetch' ? route.abort() : route.continue(),
  );
  await barred.page.getByRole('button', { name: `Open the picture ${WORDS}` }).click();
  await barred.page.getByRole('dialog').getByRole('img', { name: WORDS }).waitFor();
  await barred.close();
});

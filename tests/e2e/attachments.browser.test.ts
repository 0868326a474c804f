import { expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { violations } from './axe.ts';
import { Device } from './device.ts';
import { PHONE, Person } from './people.ts';
import { useStage } from './support/stage.ts';

setDefaultTimeout(600_000);

const stage = useStage();

const sha256 = (bytes: Uint8Array) => new Bun.CryptoHasher('sha256').update(bytes).digest('hex');
const TALK = '/talk/ch:korero';

interface Chosen {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

function binary(name: string, size: number): Chosen {
  const buffer = Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 13 + (index >> 10)) % 256));
  return { name, mimeType: 'application/octet-stream', buffer };
}

/** A picture whose JPEG says where it was taken, as a camera writes it. */
async function photo(page: Page, name: string): Promise<Chosen> {
  const base64 = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 3_000, height: 1_500 });
    const context = canvas.getContext('2d');
    if (context) context.fillStyle = '#0b6b5d';
    context?.fillRect(0, 0, 3_000, 1_500);
    return canvas.toDataURL('image/jpeg').split(',')[1] ?? '';
  });
  const jpeg = Buffer.from(base64, 'base64');
  const place = Buffer.from('Exif\0\0MM GPS 41.2865S 174.7762E', 'latin1');
  const segment = Buffer.concat([Buffer.from([0xff, 0xe1, 0, place.length + 2]), place]);
  return { name, mimeType: 'image/jpeg', buffer: Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]) };
}

const attach = (page: Page, files: Chosen[]): Promise<void> => page.setInputFiles('.composer input[type=file]', files);
const send = (page: Page): Promise<void> => page.getByRole('button', { name: 'Send', exact: true }).click();
const onTheirWay = (page: Page) => page.getByRole('list', { name: 'Files on their way' });

/** The bytes that the page saves for a file in the timeline. */
async function saved(page: Page, name: string): Promise<Uint8Array> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: new RegExp(`^Save ${name}`) }).click();
  return readFileSync(await (await download).path());
}

/** A member of the conversation, looking at it. */
async function member(name: string, options = {}): Promise<Person> {
  const person = await Person.open(stage.browser, name, options);
  await person.join(stage.server.httpUrl);
  await person.page.goto(`${stage.server.httpUrl}${TALK}`);
  await person.composer().waitFor();
  return person;
}

// proves CL-33
test('a large file, its link cut and its browser closed on the way, arrives once and whole', async () => {
  const reader = await member('Tama');
  const sender = await Device.open(stage.server.port, 'Aroha');
  await sender.person.join(sender.url);
  await sender.visit(TALK);
  await sender.person.composer().waitFor();
  const film = binary('film.bin', 20_000_000);
  let chunks = 0;
  await sender.page.route('**/api/uploads/*/*', async (route) => {
    // The third part never arrives.
    if (route.request().method() === 'PUT' && ++chunks === 3) return sender.cut();
    await route.continue();
  });
  await attach(sender.page, [film]);
  await sender.person.composer().fill('The whole film');
  await send(sender.page);
  await onTheirWay(sender.page).getByText('Waiting for a connection').waitFor();
  expect(await violations(sender.page)).toEqual([]);
  await sender.stop();

  await sender.start();
  await sender.mend();
  await sender.visit(TALK);
  await reader.sees('The whole film');
  expect(await reader.message('The whole film').count()).toBe(1);
  expect(sha256(await saved(reader.page, 'film.bin'))).toBe(sha256(film.buffer));
  await onTheirWay(sender.page).waitFor({ state: 'detached' });
  expect(await sender.person.message('The whole film').count()).toBe(1);
  expect(reader.faults).toEqual([]);
  await sender.close();
  await reader.close();
});

// proves AP-23, AP-25
test('pictures are sent smaller and without their place, and looked at with the keyboard', async () => {
  const sender = await member('Hine');
  const { page } = sender;
  await attach(page, [await photo(page, 'weir.jpg'), await photo(page, 'hill.jpg')]);
  await page.getByRole('list', { name: 'Files for this message' }).getByText('hill.jpg').waitFor();
  expect(await violations(page)).toEqual([]);
  await send(page);
  await page.getByRole('button', { name: 'Open the picture hill.jpg' }).waitFor();

  const reader = await member('Wiremu', { viewport: PHONE, colorScheme: 'dark' });
  const thumbnail = reader.page.getByRole('button', { name: 'Open the picture weir.jpg' });
  await thumbnail.focus();
  await reader.page.keyboard.press('Enter');
  await reader.page.getByRole('dialog', { name: 'Picture 1 of 2: weir.jpg' }).waitFor();
  await reader.page.keyboard.press('ArrowRight');
  const viewer = reader.page.getByRole('dialog', { name: 'Picture 2 of 2: hill.jpg' });
  const picture = viewer.getByRole('img', { name: 'hill.jpg' });
  await picture.waitFor();
  expect(await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(
    2_560,
  );
  expect(await violations(reader.page)).toEqual([]);
  const bytes = await saved(reader.page, 'hill.jpg');
  expect(Buffer.from(bytes).includes('GPS')).toBe(false);
  await reader.page.keyboard.press('Escape');
  await viewer.waitFor({ state: 'detached' });
  expect(await thumbnail.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await violations(reader.page)).toEqual([]);

  // Opened once, it is there without a network.
  await reader.context.setOffline(true);
  await thumbnail.click();
  await reader.page.getByRole('dialog').getByRole('img', { name: 'weir.jpg' }).waitFor();
  expect([...sender.faults, ...reader.faults]).toEqual([]);
  await sender.close();
  await reader.close();
});

// proves AP-22
test('a refusal says why and which file, and a file that is given up is gone', async () => {
  const { page, close } = await member('Rangi').then((person) => ({ page: person.page, close: () => person.close() }));
  await attach(page, [{ name: 'cat.png', mimeType: 'image/png', buffer: Buffer.from('no cat') }, binary('a.bin', 9)]);
  await send(page);
  await page.getByText('Not sent, because of cat.png. Files of this kind are not taken here').waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Do not send cat.png' }).click();
  await onTheirWay(page).waitFor({ state: 'detached' });
  await attach(page, [binary('nothing.txt', 0)]);
  await page.getByText('“nothing.txt” is empty.').waitFor();
  await close();
});

// proves CL-32
test('files written without a network wait where they can be seen, and are sent once there is one', async () => {
  const reader = await member('Moana');
  const sender = await Device.open(stage.server.port, 'Kahu');
  await sender.person.join(sender.url);
  await sender.visit(TALK);
  await sender.person.composer().waitFor();
  await sender.cut();
  const notes = binary('notes.bin', 70_000);
  await attach(sender.page, [notes]);
  await send(sender.page);
  const waits = onTheirWay(sender.page).getByText('Waiting for a connection');
  await waits.waitFor();
  await sender.person.say('Written after it');
  await sender.mend();
  expect(sha256(await saved(reader.page, 'notes.bin'))).toBe(sha256(notes.buffer));
  await reader.sees('Written after it');
  await sender.close();
  await reader.close();
});

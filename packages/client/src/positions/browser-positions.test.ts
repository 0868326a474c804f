import { expect, test } from 'bun:test';
import { browserPositions } from './browser-positions.ts';

type Taken = (position: { coords: { latitude: number; longitude: number; accuracy: number } }) => void;

function platform(state: PermissionState | null) {
  const watches = new Map<
    number,
    { taken: Taken; failed: (error: { code: number }) => void; options: PositionOptions }
  >();
  const status = Object.assign(new EventTarget(), { state });
  const geolocation = {
    watchPosition: (taken: Taken, failed: (error: { code: number }) => void, options: PositionOptions) => {
      watches.set(watches.size + 1, { taken, failed, options });
      return watches.size;
    },
    clearWatch: (id: number) => watches.delete(id),
  };
  const permissions = { query: async () => (state === null ? Promise.reject(new TypeError('unknown')) : status) };
  return { watches, status, navigator: { geolocation, permissions } as unknown as Navigator };
}

test('what the browser permits is told, and that it asks where it does not know the question', async () => {
  expect(await browserPositions(platform('denied').navigator, true).permission()).toBe('denied');
  expect(await browserPositions(platform('granted').navigator, true).permission()).toBe('granted');
  expect(await browserPositions(platform(null).navigator, true).permission()).toBe('prompt');
  expect(await browserPositions({ geolocation: platform(null).navigator.geolocation }, true).permission()).toBe(
    'prompt',
  );
});

test('without TLS, and without geolocation, it never tells', async () => {
  expect(await browserPositions(platform('granted').navigator, false).permission()).toBe('unsupported');
  expect(await browserPositions({}, true).permission()).toBe('unsupported');
  // Neither is there outside of browsers.
  expect(await browserPositions().permission()).toBe('unsupported');
});

test('a changed permission is told until that is ended', async () => {
  const { status, navigator } = platform('prompt');
  let told = 0;
  const end = browserPositions(navigator, true).onPermission(() => told++);
  await Promise.resolve().then(() => {});
  await new Promise(setImmediate);
  status.dispatchEvent(new Event('change'));
  end();
  status.dispatchEvent(new Event('change'));
  expect(told).toBe(1);
});

test('readings are taken anew and exact, and a refusal is told from a device that cannot tell', () => {
  const { watches, navigator } = platform('granted');
  const heard: unknown[] = [];
  const end = browserPositions(navigator, true).watch(
    (reading) => heard.push(reading),
    (why) => heard.push(why),
  );
  const watch = watches.get(1);
  expect(watch?.options).toMatchObject({ enableHighAccuracy: true, maximumAge: 0 });
  watch?.taken({ coords: { latitude: 1, longitude: 2, accuracy: 3 } });
  for (const code of [1, 2, 3]) watch?.failed({ code });
  expect(heard).toEqual([{ lat: 1, lng: 2, accuracy_m: 3 }, 'denied', 'unavailable', 'unavailable']);
  end();
  expect(watches.size).toBe(0);
});

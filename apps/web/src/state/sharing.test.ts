import { expect, test } from 'bun:test';
import type { PositionSender, SharingState } from '@konferenco/client/positions';
import { createSharing } from './sharing.ts';

function memoryStorage(): Storage {
  const map = new Map<string, string>();
  return {
    get length() {
      return map.size;
    },
    key: (i) => [...map.keys()][i] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
    clear: () => map.clear(),
  };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A page of `user`; `storage` is shared with other pages of the browser. */
function page(user: string, storage = memoryStorage()) {
  const calls: string[] = [];
  let state: SharingState = { kind: 'off', last: null, error: null };
  let tell = (): void => {};
  const sender: PositionSender = {
    state: () => state,
    subscribe: (fn) => {
      tell = fn;
      return () => {};
    },
    start: () => void calls.push('start'),
    resume: () => void calls.push('resume'),
    stop: () => void calls.push('stop'),
    close: () => void calls.push('close'),
  };
  let loading: Promise<PositionSender> = Promise.resolve(sender);
  let onStorage: (key: string | null) => void = () => {};
  const sharing = createSharing({
    client: { me: { id: user, name: user } },
    storage,
    onStorage: (fn) => {
      onStorage = fn;
    },
    load: () => {
      calls.push('load');
      return loading;
    },
    now: () => 77,
  });
  return {
    ...{ sharing, storage, calls },
    loads: (next: Promise<PositionSender>) => {
      loading = next;
    },
    says(kind: SharingState['kind']) {
      state = { ...state, kind };
      tell();
    },
    /** Another tab wrote. */
    hears: (key: string | null = 'konferenco.sharing') => onStorage(key),
  };
}

// proves AP-29
test('it is off at first, and its code is not loaded', async () => {
  const { sharing, calls } = page('mere');
  sharing.begin();
  await settle();
  expect([sharing.state().since, calls]).toEqual([null, []]);
});

// proves AP-29
test('turned on it is so after a reload, without being asked for, and for this person alone', async () => {
  const first = page('mere');
  first.sharing.turnOn();
  await settle();
  expect(first.calls).toEqual(['load', 'start']);
  const reloaded = page('mere', first.storage);
  reloaded.sharing.begin();
  await settle();
  expect([reloaded.sharing.state().since, reloaded.calls]).toEqual([77, ['load', 'resume']]);
  const another = page('hone', first.storage);
  another.sharing.begin();
  await settle();
  expect([another.sharing.state().since, another.calls]).toEqual([null, []]);
});

// proves AP-29
test('turned off it stops, also before its code is there, and is off after a reload', async () => {
  const { sharing, calls, storage } = page('mere');
  sharing.turnOn();
  sharing.turnOff();
  await settle();
  expect(calls).toEqual(['load', 'stop']);
  expect([sharing.state().since, storage.length]).toEqual([null, 0]);
});

// proves AP-29
test('signing out ends it and leaves nothing that remembers', async () => {
  const { sharing, calls, storage, says } = page('mere');
  sharing.turnOn();
  await settle();
  sharing.end();
  await settle();
  says('sharing');
  expect([calls.at(-1), sharing.state(), storage.length]).toEqual([
    'close',
    { since: null, sender: null, error: null },
    0,
  ]);
});

test('what is turned on or off in one tab is so in the others', async () => {
  const one = page('mere');
  const other = page('mere', one.storage);
  one.sharing.turnOn();
  other.hears('konferenco.drafts');
  await settle();
  expect(other.calls).toEqual([]);
  other.hears();
  await settle();
  expect([other.calls, other.sharing.state().since]).toEqual([['load', 'resume'], 77]);
  one.sharing.turnOff();
  other.hears();
  await settle();
  expect([other.calls.at(-1), other.sharing.state().since]).toEqual(['stop', null]);
});

// proves AP-29
test('a consent that is gone turns it off, and the words for it stay', async () => {
  const { sharing, storage, says } = page('mere');
  sharing.turnOn();
  await settle();
  says('sharing');
  expect(sharing.state()).toMatchObject({ since: 77, sender: { kind: 'sharing' } });
  says('refused');
  expect(sharing.state()).toMatchObject({ since: null, sender: { kind: 'refused' } });
  expect(storage.length).toBe(0);
});

test('code that cannot be loaded is told, and loaded with the next press', async () => {
  const { sharing, calls, loads } = page('mere');
  loads(Promise.reject(new Error('no network')));
  sharing.turnOn();
  await settle();
  expect(sharing.state()).toMatchObject({ since: 77, error: new Error('no network') });
  sharing.turnOn();
  await settle();
  expect(calls).toEqual(['load', 'load']);
});

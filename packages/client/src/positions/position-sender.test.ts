import { expect, test } from 'bun:test';
import type { Envelope } from '@konferenco/protocol';
import { clientError, KonferencoError } from '../errors.ts';
import { serverError } from '../server-errors.ts';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import type { Client, Environment, Link } from '../types.ts';
import { MOVING_MS, STILL_MS } from './pace.ts';
import { openPositionSender } from './position-sender.ts';
import type { Permission, PositionSource, Reading } from './types.ts';

const HERE: Reading = { lat: -41.28654321987, lng: 174.7762, accuracy_m: 8.4 };
const far = (steps: number): Reading => ({ ...HERE, lat: HERE.lat + steps / 1_000 });

/** Locks of one device, in the order they are asked for. */
function locks(): Environment['exclusively'] {
  let last: Promise<unknown> = Promise.resolve();
  return (_name, fn) => {
    const mine = last.then(fn);
    last = mine.catch(() => undefined);
    return mine;
  };
}

interface Device {
  permission: Permission;
  /** When the permission is told. */
  told: Promise<void>;
  /** What readings start with; `null`: none comes by itself. */
  reading: Reading | null;
  watchers: { taken: (reading: Reading) => void; failed: (why: 'denied' | 'unavailable') => void }[];
  /** Times that readings were begun. */
  begun: number;
  changed: () => void;
}

/** A device with a program on it; `shares` its locks with another. */
function program(shares?: { readonly clock: VirtualClock; readonly exclusively: Environment['exclusively'] }) {
  const clock = shares?.clock ?? new VirtualClock();
  const device: Device = {
    permission: 'granted',
    told: Promise.resolve(),
    reading: HERE,
    watchers: [],
    begun: 0,
    changed: () => {},
  };
  const source: PositionSource = {
    permission: () => device.told.then(() => device.permission),
    onPermission: (fn) => {
      device.changed = fn;
      return () => {};
    },
    watch: (taken, failed) => {
      const watcher = { taken, failed };
      device.begun++;
      device.watchers.push(watcher);
      queueMicrotask(() => device.watchers.includes(watcher) && device.reading && taken(device.reading));
      return () => {
        device.watchers = device.watchers.filter((one) => one !== watcher);
      };
    },
  };
  const said: Pick<Envelope, 'type' | 'subtype' | 'to' | 'payload'>[] = [];
  const asked: string[] = [];
  let link: Link = { kind: 'online' };
  let onLink = (): void => {};
  let isVisible = true;
  let onVisible = (): void => {};
  let answer: () => Promise<void> = async () => {};
  let consent: () => Promise<void> = async () => {};
  const client = {
    me: { id: 'mere', name: 'Mere' },
    get link() {
      return link;
    },
    on: (_event: string, fn: () => void) => {
      onLink = fn;
      return () => {};
    },
    rest: async (route: string) => {
      asked.push(route);
      await consent();
    },
    publish: async (one: (typeof said)[number]) => {
      await answer();
      said.push(one);
      return { id: 'id', log: 'dm:mere:mere', offset: said.length };
    },
  } as unknown as Client;
  const exclusively = shares?.exclusively ?? locks();
  const sender = openPositionSender({
    client,
    source,
    environment: {
      ...{ now: clock.now, after: clock.after, exclusively, visible: () => isVisible },
      network: {
        online: () => true,
        subscribe: (fn) => {
          onVisible = fn;
          return () => {};
        },
      },
    },
  });
  const kinds: string[] = [];
  sender.subscribe(() => kinds.push(sender.state().kind));
  return {
    ...{ clock, exclusively, device, sender, said, asked, kinds },
    kind: () => sender.state().kind,
    /** Another reading of the device. */
    async read(reading: Reading) {
      device.reading = reading;
      for (const { taken } of device.watchers) taken(reading);
      await settle();
    },
    async setLink(next: Link) {
      link = next;
      onLink();
      await settle();
    },
    async show(visible: boolean) {
      isVisible = visible;
      onVisible();
      await settle();
    },
    answers: (next: () => Promise<void>) => {
      answer = next;
    },
    consents: (next: () => Promise<void>) => {
      consent = next;
    },
  };
}

// proves PO-10
test('nothing is asked, taken or sent before it is turned on; then the consent goes before the first position', async () => {
  const p = program();
  await p.clock.pass(STILL_MS);
  expect([p.device.begun, p.asked, p.said, p.kind()]).toEqual([0, [], [], 'off']);
  p.sender.start();
  await settle();
  expect(p.asked).toEqual(['allowPositions']);
  expect(p.said).toEqual([
    {
      type: 'location',
      subtype: 'position_update',
      to: { type: 'user', id: 'mere' },
      payload: { lat: -41.286543, lng: 174.7762, accuracy_m: 8 },
    },
  ]);
  expect(p.sender.state()).toEqual({
    kind: 'sharing',
    last: { at: p.clock.now(), accuracy_m: HERE.accuracy_m },
    error: null,
  });
});

// proves PO-10
test('turned off, nothing is taken or sent from that moment on, and no timer runs', async () => {
  const p = program();
  p.sender.start();
  await settle();
  p.sender.stop();
  await p.read(far(1));
  await p.clock.pass(STILL_MS * 2);
  expect([p.said.length, p.device.watchers.length, p.clock.pending, p.kind()]).toEqual([1, 0, 0, 'off']);
});

// proves PO-10
test('a reading that was awaited when it was turned off is not sent', async () => {
  const p = program();
  p.device.reading = null;
  p.sender.start();
  await settle();
  const [watcher] = p.device.watchers;
  p.sender.stop();
  watcher?.taken(HERE);
  await settle();
  expect(p.said).toEqual([]);
});

// proves PO-10
test('turned off while the consent is being recorded, nothing is sent', async () => {
  const p = program();
  const recorded = Promise.withResolvers<void>();
  p.consents(() => recorded.promise);
  p.sender.start();
  await settle();
  p.sender.stop();
  recorded.resolve();
  await settle();
  expect([p.asked, p.said, p.kind()]).toEqual([['allowPositions'], [], 'off']);
});

// proves PO-11
test('a device that moves sends every five seconds; one that does not is read once a minute', async () => {
  const p = program();
  p.sender.start();
  await settle();
  for (let step = 1; step <= 10; step++) {
    await p.clock.pass(MOVING_MS / 2);
    await p.read(far(step));
  }
  expect(p.said.length).toBe(1 + 5);
  await p.clock.pass(STILL_MS);
  const { begun } = p.device;
  expect([p.said.length, p.device.watchers.length]).toEqual([7, 0]);
  await p.clock.pass(STILL_MS * 10);
  expect([p.said.length, p.device.begun - begun]).toEqual([17, 10]);
  p.device.reading = far(20);
  await p.clock.pass(STILL_MS);
  expect([p.said.length, p.device.watchers.length]).toEqual([18, 1]);
});

// proves PO-12
test('without a connection nothing is taken; with the next one a new reading is sent, and none from between', async () => {
  const p = program();
  p.sender.start();
  await settle();
  await p.setLink({ kind: 'offline' });
  expect([p.kind(), p.device.watchers.length]).toEqual(['offline', 0]);
  await p.read(far(1));
  await p.clock.pass(STILL_MS * 3);
  await p.read(far(2));
  await p.setLink({ kind: 'online' });
  expect([p.kind(), p.said.length]).toEqual(['sharing', 2]);
  expect(p.said.at(-1)?.payload['lat']).toBe(-41.284543);
});

// proves PO-12
test('a position that was on its way when the connection was lost is not sent again', async () => {
  const p = program();
  p.sender.start();
  await settle();
  const lost = Promise.withResolvers<void>();
  p.answers(() => lost.promise);
  await p.clock.pass(MOVING_MS);
  await p.read(far(1));
  const told = Promise.withResolvers<void>();
  p.device.told = told.promise;
  await p.setLink({ kind: 'waiting', retry_at: 0, attempt: 1 });
  lost.reject(clientError('disconnected'));
  await settle();
  told.resolve();
  await settle();
  p.answers(async () => {});
  await p.clock.pass(MOVING_MS);
  p.device.reading = far(5);
  await p.setLink({ kind: 'online' });
  expect(p.said.map(({ payload }) => payload['lat'])).toEqual([-41.286543, -41.281543]);
  expect(p.kinds).not.toContain('held');
});

test('one position is on its way at a time, and readings that come meanwhile are left out', async () => {
  const p = program();
  const answered = Promise.withResolvers<void>();
  p.answers(() => answered.promise);
  p.sender.start();
  await settle();
  await p.clock.pass(MOVING_MS);
  await p.read(far(1));
  answered.resolve();
  await settle();
  expect(p.said.length).toBe(1);
});

test('a server that takes none for now is told of, and given the next reading when it said', async () => {
  const p = program();
  p.sender.start();
  await settle();
  p.answers(() => Promise.reject(serverError('rate_limited', 45_000)));
  await p.clock.pass(MOVING_MS);
  await p.read(far(1));
  expect(p.sender.state()).toMatchObject({ kind: 'held', error: { error: 'rate_limited' } });
  p.answers(async () => {});
  await p.clock.pass(44_999);
  expect(p.said.length).toBe(1);
  await p.clock.pass(1);
  expect([p.kind(), p.said.length]).toEqual(['sharing', 2]);
});

// proves PO-10
test('a consent that was withdrawn elsewhere ends it', async () => {
  const p = program();
  p.sender.start();
  await settle();
  p.answers(() => Promise.reject(new KonferencoError({ code: 2100, error: 'forbidden', message: 'no' })));
  await p.clock.pass(STILL_MS * 5);
  expect([p.kind(), p.device.watchers.length, p.clock.pending]).toEqual(['refused', 0, 0]);
  p.answers(async () => {});
  p.sender.start();
  await settle();
  expect([p.kind(), p.asked.length, p.said.length]).toEqual(['sharing', 2, 2]);
});

// proves PO-10
test('in a later run it goes on where nobody has to be asked, and records no consent', async () => {
  const p = program();
  p.sender.resume();
  await settle();
  expect([p.kind(), p.asked, p.said.length]).toEqual(['sharing', [], 1]);
  const other = program();
  other.device.permission = 'prompt';
  other.sender.resume();
  await settle();
  expect([other.kind(), other.device.begun]).toEqual(['unasked', 0]);
  other.sender.start();
  await settle();
  expect([other.kinds, other.said.length]).toEqual([['unasked', 'asking', 'locating', 'sharing'], 1]);
});

test('a device that permitted it for now, and says so to nobody, is read on until its permission changes', async () => {
  const p = program();
  p.device.permission = 'prompt';
  p.sender.start();
  await settle();
  await p.setLink({ kind: 'offline' });
  await p.setLink({ kind: 'online' });
  expect([p.kind(), p.device.watchers.length]).toEqual(['sharing', 1]);
  p.device.changed();
  await settle();
  expect([p.kind(), p.device.watchers.length]).toEqual(['unasked', 0]);
});

test('a device that says no is not asked again before it is turned on again or says yes by itself', async () => {
  const p = program();
  p.device.permission = 'prompt';
  p.device.reading = null;
  p.sender.start();
  await settle();
  expect(p.kind()).toBe('asking');
  p.device.watchers[0]?.failed('denied');
  await settle();
  await p.setLink({ kind: 'online' });
  await p.clock.pass(STILL_MS * 3);
  expect([p.kind(), p.device.begun, p.said, p.asked]).toEqual(['denied', 1, [], []]);
  p.device.permission = 'granted';
  p.device.reading = HERE;
  p.device.changed();
  await settle();
  expect([p.kind(), p.said.length]).toEqual(['sharing', 1]);
  p.device.permission = 'denied';
  p.device.changed();
  await settle();
  expect([p.kind(), p.device.watchers.length]).toEqual(['denied', 0]);
});

test('a device that cannot tell now is asked again; one that never tells is not', async () => {
  const p = program();
  p.device.reading = null;
  p.sender.start();
  await settle();
  p.device.watchers[0]?.failed('unavailable');
  await settle();
  expect(p.kind()).toBe('unavailable');
  p.device.reading = HERE;
  await p.clock.pass(STILL_MS);
  expect([p.kind(), p.said.length]).toEqual(['sharing', 1]);
  const never = program();
  never.device.permission = 'unsupported';
  never.sender.start();
  await never.clock.pass(STILL_MS);
  expect([never.kind(), never.device.begun]).toEqual(['unsupported', 0]);
});

// proves PO-13
test('while nobody sees the program nothing is taken', async () => {
  const p = program();
  p.sender.start();
  await settle();
  await p.show(false);
  expect([p.kind(), p.device.watchers.length]).toEqual(['hidden', 0]);
  await p.clock.pass(STILL_MS * 5);
  expect(p.said.length).toBe(1);
  await p.show(true);
  expect([p.kind(), p.said.length]).toEqual(['sharing', 2]);
  expect(p.kinds).not.toContain('elsewhere');
});

// proves PO-13
test('of two programs on a device one sends, and the other when the first is out of sight or turned off', async () => {
  const one = program();
  const other = program(one);
  one.sender.start();
  await settle();
  other.sender.resume();
  await one.clock.pass(1_000);
  expect([one.kind(), other.kind(), other.said.length]).toEqual(['sharing', 'elsewhere', 0]);
  await one.show(false);
  expect([one.kind(), other.kind(), other.said.length]).toEqual(['hidden', 'sharing', 1]);
  await one.show(true);
  await one.clock.pass(1_000);
  expect([one.kind(), other.kind()]).toEqual(['elsewhere', 'sharing']);
  other.sender.stop();
  await settle();
  expect([one.kind(), other.kind()]).toEqual(['sharing', 'off']);
});

// proves PO-13
test('a program that was turned off while it waited for its turn does not have it later', async () => {
  const one = program();
  const other = program(one);
  one.sender.start();
  other.sender.resume();
  await one.clock.pass(1_000);
  other.sender.stop();
  await one.show(false);
  await one.show(true);
  other.sender.resume();
  await one.clock.pass(1_000);
  expect([one.kind(), other.kind(), other.said]).toEqual(['sharing', 'elsewhere', []]);
});

test('where there are no locks each program sends', async () => {
  const p = program({ clock: new VirtualClock(), exclusively: () => Promise.reject(new Error('no locks')) });
  p.sender.start();
  await settle();
  expect([p.kind(), p.said.length]).toEqual(['sharing', 1]);
  p.sender.close();
  expect([p.kind(), p.device.watchers.length, p.clock.pending]).toEqual(['off', 0, 0]);
});

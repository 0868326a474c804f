import { beforeEach, expect, test } from 'bun:test';
import type { Tokens } from '@konferenco/client';
import { createSignIn } from './sign-in.ts';

const EARLIER = 'konferenco.tokens';
const tokens = (refresh_token: string): Tokens => ({
  access_token: 'a',
  refresh_token,
  expires_at: 1,
  user: { id: 'u', name: 'U' },
  device_id: 'd',
});

let earlier: Map<string, string>;
let kept: Tokens | null;
let isOtherOpen: boolean;
let isBroken: boolean;
let faults: unknown[];
let owners: string[];
let isKnown: boolean;
let losses: number;
beforeEach(() => {
  earlier = new Map();
  kept = null;
  isOtherOpen = false;
  isBroken = false;
  faults = [];
  owners = [];
  isKnown = true;
  losses = 0;
});

const storage = {
  getItem: (key: string) => earlier.get(key) ?? null,
  setItem: (key: string, value: string) => void earlier.set(key, value),
  removeItem: (key: string) => void earlier.delete(key),
} as unknown as Storage;

const signIn = (hasDatabase = true) =>
  createSignIn({
    storage,
    kept: hasDatabase
      ? {
          load: async () => {
            if (isBroken) throw new Error('no database');
            return kept;
          },
          save: async (value) => {
            if (isBroken && value !== null) throw new Error('no room');
            kept = value;
          },
        }
      : null,
    isOtherVersionOpen: async () => isOtherOpen,
    onFault: (error) => faults.push(error),
    isKnown: () => isKnown,
    onLost: async () => {
      losses++;
    },
    whose: ({ user }) => owners.push(user.id),
  });
const inEarlier = (): string | null =>
  (JSON.parse(earlier.get(EARLIER) ?? 'null') as Tokens | null)?.refresh_token ?? null;

// proves AP-18
test('a sign-in of an earlier version moves, and nobody is signed out', async () => {
  earlier.set(EARLIER, JSON.stringify(tokens('r1')));
  expect(await signIn().load()).toEqual(tokens('r1'));
  expect(owners).toEqual(['u']);
  expect(kept).toEqual(tokens('r1'));
  expect(inEarlier()).toBeNull();
  expect(await signIn().load()).toEqual(tokens('r1'));
});

// proves AP-18
test('it stays where it was while a page of another version is open, and only there', async () => {
  earlier.set(EARLIER, JSON.stringify(tokens('r1')));
  isOtherOpen = true;
  const store = signIn();
  expect(await store.load()).toEqual(tokens('r1'));
  await store.save(tokens('r2'));
  expect([inEarlier(), kept]).toEqual(['r2', null]);
  isOtherOpen = false;
  await store.save(tokens('r3'));
  expect([inEarlier(), kept]).toEqual([null, tokens('r3')]);
  // Another version that knows the new place is no reason to go back.
  isOtherOpen = true;
  await store.save(tokens('r4'));
  expect([inEarlier(), kept]).toEqual([null, tokens('r4')]);
});

// proves AP-20
test('a sign-in outlives the loss of the browser’s databases, which is told, and goes on from the newest', async () => {
  await signIn().save(tokens('r1'));
  await signIn().save(tokens('r2'));
  kept = null;
  expect(await signIn().load()).toEqual(tokens('r2'));
  expect([owners.at(-1), losses]).toEqual(['u', 1]);
  expect<Tokens | null>(kept).toEqual(tokens('r2'));
  await signIn().save(tokens('r3'));
  expect([kept, await signIn().load(), losses]).toEqual([tokens('r3'), tokens('r3'), 1]);
  isBroken = true;
  expect(await signIn().load()).toEqual(tokens('r3'));
});

// proves AP-20
test('what the worker renewed is copied when the page finds it, and never replaced by an older one', async () => {
  await signIn().save(tokens('r1'));
  kept = { ...tokens('r2'), expires_at: 2 };
  await signIn().load();
  // A tab that read the sign-in before another renewed it.
  kept = tokens('r1');
  await signIn().load();
  kept = null;
  expect((await signIn().load())?.refresh_token).toBe('r2');
});

// proves AP-20
test('a copy that an interrupted sign-out left behind signs nobody in, and is removed', async () => {
  await signIn().save(tokens('r1'));
  kept = null;
  isKnown = false;
  expect(await signIn().load()).toBeNull();
  expect([earlier.size, losses]).toEqual([0, 0]);
});

// proves AP-18, AP-20
test('signing out leaves nothing in any place', async () => {
  for (const other of [true, false]) {
    await signIn().save(tokens('r1'));
    isOtherOpen = other;
    earlier.set(EARLIER, JSON.stringify(tokens('r1')));
    kept = tokens('r0');
    await signIn().save(null);
    expect<unknown>([earlier.size, kept]).toEqual([0, null]);
  }
});

test('without a database, or without room in it, one stays signed in, and no worker finds an older copy', async () => {
  await signIn(false).save(tokens('r1'));
  expect(await signIn(false).load()).toEqual(tokens('r1'));
  kept = tokens('r0');
  isBroken = true;
  await signIn().save(tokens('r2'));
  expect([inEarlier(), kept]).toEqual(['r2', null]);
  expect(faults).toHaveLength(1);
  earlier.clear();
  expect(await signIn().load()).toBeNull();
  isBroken = false;
  await signIn().save(tokens('r3'));
  expect(kept).toEqual(tokens('r3'));
});

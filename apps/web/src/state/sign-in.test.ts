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
beforeEach(() => {
  earlier = new Map();
  kept = null;
  isOtherOpen = false;
  isBroken = false;
  faults = [];
  owners = [];
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
  expect(earlier.size).toBe(0);
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

// proves AP-18
test('signing out leaves nothing in either place', async () => {
  for (const other of [true, false]) {
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

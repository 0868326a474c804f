import { expect, test } from 'bun:test';
import { storeName, storeOf } from './store-name.ts';

test('a store belongs to one account on one server, however the address is written', () => {
  const name = storeName({ url: 'https://talk.example.org', user: 'u-1' });
  expect(storeName({ url: 'https://TALK.example.org:443/', user: 'u-1' })).toBe(name);
  const others = [
    { url: 'https://talk.example.org', user: 'u-2' },
    { url: 'http://talk.example.org', user: 'u-1' },
    { url: 'https://talk.example.org/event', user: 'u-1' },
    { url: 'https://talk.example.org:8443', user: 'u-1' },
  ];
  expect(new Set([name, ...others.map(storeName)]).size).toBe(5);
});

test('the name stays the same over versions of the program, and says nothing of the person', () => {
  // A changed name would leave every store of the field behind.
  expect(storeName({ url: 'http://server.test', user: 'mere' })).toBe('konferenco-9b1dda27d7d0eac3');
});

test('what belongs to a store is known by its name', () => {
  const name = storeName({ url: 'http://server.test', user: 'mere' });
  for (const part of ['', '~1', '.sqlite', '.damaged-2.sqlite']) expect(storeOf(name + part)).toBe(name);
  for (const other of ['konferenco', 'konferenco-tokens', `x${name}`]) expect(storeOf(other)).toBeNull();
});

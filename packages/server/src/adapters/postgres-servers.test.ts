import { expect, test } from 'bun:test';
import { StoreUnavailableError } from '@konferenco/core';
import { startError } from './postgres/errors.ts';
import { type Bound, driverOptions, Knowledge, parseServers, placeOf } from './postgres-servers.ts';

test('an address of several hosts becomes one for each, with what belongs to all of them', () => {
  const { urls } = parseServers(
    'postgresql://me:se%2Ccret@a:5433,[::1],c/db?sslmode=verify-full&target_session_attrs=read-write',
  );
  expect(urls).toEqual([
    'postgresql://me:se%2Ccret@a:5433/db?sslmode=verify-full',
    'postgresql://me:se%2Ccret@[::1]/db?sslmode=verify-full',
    'postgresql://me:se%2Ccret@c/db?sslmode=verify-full',
  ]);
  expect(parseServers('postgres://a/db').urls).toEqual(['postgres://a/db']);
});

test('an address that is none is refused without being repeated', () => {
  for (const url of [
    'mysql://secret@a/db',
    'postgres://u:secret@/db',
    'postgres://u:secret@a,/db',
    'postgres://u:secret@a:x/db',
    'postgres://u:secret@a/db?target_session_attrs=prefer-standby',
  ]) {
    const refusal = () => parseServers(url);
    expect(refusal).toThrow(StoreUnavailableError);
    expect(refusal).not.toThrow(/secret/);
    expect(startError(new Error('no'), url).message).not.toContain('secret');
  }
});

test('people are told hosts and database, never the password', () => {
  const servers = parseServers('postgres://me:secret@a:5433,b/db');
  expect(placeOf(servers)).toEqual({ hosts: 'a:5433, b:5432', user: 'me', database: 'db' });
  expect(startError(new Error('no'), servers).message).toStartWith('PostgreSQL at a:5433, b:5432/db: ');
});

test('with a file of authorities everything is checked, unless the address says how much', () => {
  const tls = { ca: 'PEM' };
  expect(driverOptions(parseServers('postgres://a/db', tls), 'postgres://a/db')).toEqual({
    url: 'postgres://a/db',
    tls: { ca: 'PEM', rejectUnauthorized: true },
  });
  const url = 'postgres://a/db?sslmode=verify-ca';
  expect(driverOptions(parseServers(url, tls), url)).toEqual({ url, tls });
});

/** A connection that can be ended. */
function connection(): Bound {
  const ending = new AbortController();
  return { lost: ending.signal, destroy: () => ending.abort() };
}

// proves CN-26
test('once a connection is made to a newer timeline, those to earlier ones end', () => {
  const knowledge = new Knowledge();
  const [first, second, third] = [connection(), connection(), connection()];
  knowledge.bind(first, 1);
  knowledge.bind(second, 1);
  expect([first, second].map(({ lost }) => lost.aborted)).toEqual([false, false]);
  knowledge.bind(third, 2);
  expect([first, second, third].map(({ lost }) => lost.aborted)).toEqual([true, true, false]);
  expect(knowledge.timeline).toBe(2);
});

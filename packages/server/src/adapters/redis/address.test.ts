import { describe, expect, test } from 'bun:test';
import { nameOf, parseRedisAddress } from './address.ts';

const parse = (text: string) => parseRedisAddress(text, 'THE_SETTING');

test('one server, with and without everything', () => {
  expect(parse('redis://cache')).toEqual({
    kind: 'single',
    hosts: [{ host: 'cache', port: 6379 }],
    master: '',
    username: '',
    password: '',
    db: 0,
    tls: false,
  });
  expect(parse('rediss://app:p%40ss@[::1]:6380/2')).toMatchObject({
    hosts: [{ host: '::1', port: 6380 }],
    username: 'app',
    password: 'p@ss',
    db: 2,
    tls: true,
  });
  expect(parse('redis://secret@cache')).toMatchObject({ username: '', password: 'secret' });
});

test('sentinels and clusters name several hosts', () => {
  expect(parse('redis+sentinel://:pw@a:1,b/mymaster/3')).toMatchObject({
    kind: 'sentinel',
    hosts: [
      { host: 'a', port: 1 },
      { host: 'b', port: 26_379 },
    ],
    master: 'mymaster',
    password: 'pw',
    db: 3,
  });
  expect(parse('rediss+cluster://a,b:7001')).toMatchObject({ kind: 'cluster', tls: true, hosts: [{}, { port: 7001 }] });
});

describe('is refused with a sentence that names the setting and no secret', () => {
  test.each([
    'http://cache',
    'redis://secret@a,b',
    'redis://secret@a:99999',
    'redis://secret@a/x',
    'redis://sec%zzret@a',
    'redis+sentinel://secret@a,b',
    'redis+cluster://secret@a/1',
    '',
  ])('%s', (text) => {
    expect(() => parse(text)).toThrow(/^THE_SETTING .+: write it as redis:\/\//);
    expect(() => parse(text)).not.toThrow(/sec%zzret|secret/);
  });
});

test('what is said of an address holds no password', () => {
  expect(nameOf(parse('redis+sentinel://u:pw@a:1,b:2/main'))).toBe('Redis "main" of the sentinels a:1, b:2');
  expect(nameOf(parse('redis://u:pw@a:1'))).toBe('Redis at a:1');
});

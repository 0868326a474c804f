import { expect, test } from 'bun:test';
import { Proxies } from './forwarded.ts';

test('without a proxy that is believed, the peer is the caller, whatever the header says', () => {
  const none = new Proxies('', false);
  expect(none.addressOf('203.0.113.9', '198.51.100.1')).toBe('203.0.113.9');
  expect(none.addressOf('127.0.0.1', '198.51.100.1')).toBe('127.0.0.1');
});

test('a proxy on this machine is believed where there is a public address', () => {
  const local = new Proxies('', true);
  expect(local.addressOf('::ffff:127.0.0.1', '198.51.100.1')).toBe('198.51.100.1');
  expect(local.addressOf('127.0.0.1', null)).toBe('127.0.0.1');
});

test('what a stranger put in front of the header is not believed', () => {
  const proxies = new Proxies('10.0.0.0/8,fd00::/8,192.0.2.7', false);
  expect(proxies.addressOf('10.1.2.3', '1.1.1.1, 198.51.100.1')).toBe('198.51.100.1');
  expect(proxies.addressOf('10.1.2.3', '1.1.1.1, 198.51.100.1, 10.9.9.9')).toBe('198.51.100.1');
  expect(proxies.addressOf('fd00::1', '198.51.100.1')).toBe('198.51.100.1');
  expect(proxies.addressOf('192.0.2.7', '2001:db8::5')).toBe('2001:db8::5');
  expect(proxies.addressOf('192.0.2.8', '198.51.100.1')).toBe('192.0.2.8');
});

test('a header of nothing but proxies names the first of them', () => {
  expect(new Proxies('10.0.0.0/8', false).addressOf('10.0.0.1', '10.0.0.2')).toBe('10.0.0.2');
});

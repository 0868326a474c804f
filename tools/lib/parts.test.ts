import { expect, test } from 'bun:test';
import { ensureParts, type Machine } from './parts.ts';

const SERVERS = ['/usr/lib/postgresql/15/bin/postgres', 'nats-server', 'redis-server'];

/** A machine on which `present` is installed, and apt-get answers `results` one after the other. */
function machine(present: readonly string[], results: readonly boolean[] = [], facts: Partial<Machine> = {}) {
  const installed = new Set(present);
  const calls: string[] = [];
  const apt = async (args: readonly string[]) => {
    calls.push(args.join(' '));
    const good = results[calls.length - 1] ?? false;
    if (good && args[0] === 'install') for (const name of args.slice(3)) installed.add(name);
    return good;
  };
  const fake: Machine = {
    platform: 'linux',
    mayInstall: true,
    has: (name) => installed.has(name),
    apt,
    say: () => {},
    ...facts,
  };
  return { fake, calls };
}

test('a machine that has everything is left alone', async () => {
  const { fake, calls } = machine(['google-chrome', 'caddy', 'strace', ...SERVERS]);
  expect(await ensureParts(fake)).toEqual([]);
  expect(calls).toEqual([]);
});

test('only what is missing is installed, with fresh package lists from the second try on', async () => {
  const { fake, calls } = machine(['strace', ...SERVERS], [false, true, true]);
  expect(await ensureParts(fake)).toEqual([]);
  const install = 'install -y --no-install-recommends chromium caddy';
  expect(calls).toEqual([install, 'update', install]);
});

test('what cannot be had is named with its purpose and the way to get it, and never passed over', async () => {
  const { fake, calls } = machine(['chromium', 'caddy', ...SERVERS]);
  const [text, ...others] = await ensureParts(fake);
  expect(others).toEqual([]);
  expect(text).toContain('strace is missing, needed for the test that a reply waits for the disk');
  expect(text).toContain('apt-get install strace');
  expect(calls.filter((call) => call.startsWith('install')).length).toBe(3);
});

test('without the right to install, nothing is tried; on a Mac the advice is for a Mac', async () => {
  const { fake, calls } = machine([], [], { platform: 'darwin', mayInstall: false });
  const texts = await ensureParts(fake);
  expect(texts.map((text) => /brew install [^)]+/.exec(text)?.[0])).toEqual([
    'brew install --cask chromium',
    'brew install caddy',
    'brew install postgresql',
    'brew install nats-server',
    'brew install redis',
  ]);
  expect(calls).toEqual([]);
});

import { expect, test } from 'bun:test';
import { createContext } from './context.ts';
import { createDirectory } from './directory.ts';
import { ensureDemoUser, getProfile } from './people.ts';
import { createTestRandom, createWorld, TestBus } from './test-world.ts';

test('a person whom another node made a moment ago is known, also before that node’s word has come', async () => {
  const here = await createWorld({ demo: true });
  const { store, clock } = here;
  const nodes = { store, clock, bus: new TestBus(), demoEvent: 'hui' };
  const there = createContext({ ...nodes, random: createTestRandom(), directory: createDirectory(nodes) });
  // Both have looked before either made them.
  expect(await here.directory.user('busy')).toBeNull();
  expect(await here.directory.standing('hui', 'busy')).toMatchObject({ kind: 'member' });
  await ensureDemoUser(there, 'busy');
  expect(await ensureDemoUser(here, 'busy')).toBe('busy');
  expect(await getProfile(here, 'busy')).toMatchObject({ name: 'busy' });
});

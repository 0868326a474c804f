import { expect, test } from 'bun:test';
import { createMemoryKeyStore } from './key-store.ts';
import { createWorld } from './test-world.ts';
import { bootstrapEvent } from './bootstrap.ts';
import { eventsOf } from './membership.ts';
import { signIn } from './sign-in.ts';
import { createTokenService } from './tokens.ts';

test('the first start makes the event and an invitation for its owner, until somebody has joined', async () => {
  const world = await createWorld();
  const tokens = await createTokenService({ ...world, keys: createMemoryKeyStore() });
  const setup = { id: 'main', title: 'Our hui', time_zone: 'Pacific/Auckland' };
  const lost = await bootstrapEvent(world, setup);
  const invite = await bootstrapEvent(world, setup);
  expect(lost).not.toBeNull();
  expect(invite).toMatchObject({ role: 'owner', uses_left: 1, event_title: 'Our hui' });
  const { user } = await signIn(world, tokens, { name: 'Ngaire', invite: invite?.code ?? '' });
  expect(await eventsOf(world, user.id)).toMatchObject([{ id: 'main', title: 'Our hui', role: 'owner' }]);
  expect(await bootstrapEvent(world, setup)).toBeNull();
  expect(await world.directory.part('main-general', user.id)).toBe('member');
});

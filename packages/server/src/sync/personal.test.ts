import { describe, expect, test } from 'bun:test';
import { removalTags, viewFields, viewSet } from '@konferenco/core';
import {
  addChannelMember,
  createChannel,
  joinChannel,
  leaveChannel,
  removeChannelMember,
} from '../accounts/channels.ts';
import { joinFirstChannels, leaveEvent, partChanges } from '../accounts/membership.ts';
import { updateProfile } from '../accounts/people.ts';
import { block, unblock } from '../accounts/preferences.ts';
import type { World } from '../accounts/test-world.ts';
import { createWorld } from '../accounts/test-world.ts';
import { loadPersonal } from './personal-store.ts';
import { applied, createProgramme, deltaOf, snapshotOf, Writer } from './test-sync.ts';

const setOf = async (world: World, user: string, key: string) => viewSet((await loadPersonal(world, user, key)).value);
const isMember = async (world: World, channel: string, user: string) =>
  (await world.directory.part(channel, user)) !== 'none';

describe('channels', () => {
  // proves SY-10
  test('an operation joins and leaves by the rules of REST', async () => {
    const world = await createWorld();
    const writer = new Writer(world, 'ben');
    expect(await writer.add('channels', 'general')).toMatchObject({ kind: 'kept' });
    expect(await isMember(world, 'general', 'ben')).toBe(true);
    expect(await writer.add('channels', 'crew')).toMatchObject({ kind: 'refused', error: 'not_found' });
    expect(await isMember(world, 'crew', 'ben')).toBe(false);
    const { value } = await loadPersonal(world, 'ben', 'channels');
    await writer.remove('channels', 'general', removalTags(value, 'general'));
    expect(await isMember(world, 'general', 'ben')).toBe(false);
    expect(await setOf(world, 'ben', 'channels')).toEqual([]);
  });

  test('a membership from before there were operations is the beginning of the document', async () => {
    const world = await createWorld();
    await world.store.commit([{ changes: partChanges('crew', 'aroha', 0) }]);
    expect(await setOf(world, 'aroha', 'channels')).toEqual(['crew']);
    await new Writer(world, 'aroha').add('channels', 'general');
    expect(await setOf(world, 'aroha', 'channels')).toEqual(['crew', 'general']);
  });

  test('leaving on one device does not undo joining on another that it had not seen', async () => {
    const world = await createWorld();
    const phone = new Writer(world, 'ben', 'phone');
    await phone.add('channels', 'general');
    const seen = removalTags((await loadPersonal(world, 'ben', 'channels')).value, 'general');
    await new Writer(world, 'ben', 'laptop').add('channels', 'general');
    await phone.remove('channels', 'general', seen);
    expect(await isMember(world, 'general', 'ben')).toBe(true);
    expect(await setOf(world, 'ben', 'channels')).toEqual(['general']);
  });

  // proves CF-4
  test('a join that had not seen an organiser’s removal is refused; one that has seen it is not', async () => {
    const world = await createWorld();
    const phone = new Writer(world, 'ben');
    await phone.add('channels', 'general');
    await removeChannelMember(world, 'owen', 'general', 'ben');
    expect(await isMember(world, 'general', 'ben')).toBe(false);
    expect(await phone.add('channels', 'general')).toMatchObject({ kind: 'refused', error: 'removed' });
    expect(await isMember(world, 'general', 'ben')).toBe(false);
    const operations = await deltaOf(world, 'ben', { namespace: 'personal', user: 'ben' }, 'memory:0');
    const removal = JSON.parse(operations.at(-1)?.envelope ?? '{}');
    expect(removal.payload).toMatchObject({ op: 'remove', element: 'general', admin: true });
    expect(removal.from.user_id).toBe('system');
    expect(await phone.add('channels', 'general', [removal.payload.dot])).toMatchObject({ kind: 'kept' });
    expect(await isMember(world, 'general', 'ben')).toBe(true);
  });
});

describe('blocks', () => {
  // proves SY-11
  test('an operation blocks both ways, and taking it back lifts it', async () => {
    const world = await createWorld();
    const writer = new Writer(world, 'aroha');
    await writer.add('blocked', 'ben');
    expect(await world.directory.blocked('ben', 'aroha')).toBe(true);
    const { value } = await loadPersonal(world, 'aroha', 'blocked');
    await writer.remove('blocked', 'ben', removalTags(value, 'ben'));
    expect(await world.directory.blocked('ben', 'aroha')).toBe(false);
    expect(await writer.add('blocked', 'aroha')).toMatchObject({ kind: 'refused', error: 'invalid' });
    expect(await writer.add('blocked', 'nobody')).toMatchObject({ kind: 'refused', error: 'not_found' });
  });
});

describe('profile', () => {
  // proves SY-12
  test('the latest name stands, in the document and wherever names are read', async () => {
    const world = await createWorld();
    const [phone, laptop] = [new Writer(world, 'aroha', 'phone'), new Writer(world, 'aroha', 'laptop')];
    const early = phone.stamp();
    await laptop.stamp();
    await laptop.set('profile', 'name', 'Aroha P');
    await phone.state({ on: 'profile', op: 'set', field: 'name', value: 'Too late', ...early });
    expect((await world.directory.user('aroha'))?.name).toBe('Aroha P');
    expect(viewFields((await loadPersonal(world, 'aroha', 'profile')).value)['name']).toBe('Aroha P');
    await phone.set('profile', 'about', 'Dairy');
    expect((await world.directory.user('aroha'))?.about).toBe('Dairy');
    await phone.set('profile', 'about', null);
    expect((await world.directory.user('aroha'))?.about).toBeUndefined();
    const ahead = phone.stamp(50_000);
    await phone.state({ on: 'profile', op: 'set', field: 'name', value: 'From the future', ...ahead });
    await updateProfile(world, 'aroha', { name: 'By request' });
    expect(viewFields((await loadPersonal(world, 'aroha', 'profile')).value)['name']).toBe('By request');
    expect(await phone.set('profile', 'name', null)).toMatchObject({ kind: 'refused', error: 'invalid' });
    expect(await phone.set('profile', 'shoe_size', '7')).toMatchObject({ kind: 'refused', error: 'invalid' });
  });
});

test('only a session of the programme can be gone to; any can be marked', async () => {
  const world = await createProgramme();
  const writer = new Writer(world, 'aroha');
  expect(await writer.add('attending', 'repo')).toMatchObject({ kind: 'kept' });
  expect(await writer.add('attending', 'nowhere')).toMatchObject({ kind: 'refused', error: 'not_found' });
  expect(await writer.add('favourites', 'nowhere')).toMatchObject({ kind: 'kept' });
});

// proves SY-13
describe('what a request over REST does reaches a person’s devices as operations', () => {
  const scope = { namespace: 'personal', user: 'ben' } as const;
  const CASES: readonly (readonly [string, (world: World) => Promise<unknown>])[] = [
    ['join', (world) => joinChannel(world, 'ben', 'general')],
    [
      'leave',
      async (world) => {
        await joinChannel(world, 'ben', 'general');
        await leaveChannel(world, 'ben', 'general');
      },
    ],
    ['being taken in', (world) => addChannelMember(world, 'owen', 'general', 'ben')],
    [
      'being removed, twice',
      async (world) => {
        await joinChannel(world, 'ben', 'general');
        await removeChannelMember(world, 'owen', 'general', 'ben');
        await joinChannel(world, 'ben', 'general');
        await removeChannelMember(world, 'owen', 'general', 'ben');
      },
    ],
    ['making a channel', (world) => createChannel(world, 'ben', 'hui', { title: 'New', visibility: 'public' })],
    ['first channels', (world) => joinFirstChannels(world, 'hui', 'ben')],
    [
      'leaving the event',
      async (world) => {
        await joinChannel(world, 'ben', 'general');
        await leaveEvent(world, 'hui', 'ben');
      },
    ],
    ['block', (world) => block(world, 'ben', 'aroha')],
    [
      'unblock',
      async (world) => {
        await block(world, 'ben', 'aroha');
        await unblock(world, 'ben', 'aroha');
      },
    ],
    ['a new name', (world) => updateProfile(world, 'ben', { name: 'Ben Two', about: 'Hello' })],
    [
      'no about',
      async (world) => {
        await updateProfile(world, 'ben', { about: 'Hello' });
        await updateProfile(world, 'ben', { about: '' });
      },
    ],
  ];

  test.each(CASES)('%s', async (_, act) => {
    const world = await createWorld();
    const before = await snapshotOf(world, 'ben', scope);
    await act(world);
    const replica = applied(await deltaOf(world, 'ben', scope, 'memory:0'), before);
    expect(replica).toEqual(await snapshotOf(world, 'ben', scope));
    const rows = await world.store.list('user_channel', 'ben/', { limit: 100 });
    expect(viewSet(replica.get('channels') ?? null)).toEqual(rows.map(({ key }) => key.split('/')[1] ?? '').sort());
    const blocks = await world.store.list('block', 'ben/', { limit: 100 });
    expect(viewSet(replica.get('blocked') ?? null)).toEqual(blocks.map(({ key }) => key.split('/')[1] ?? ''));
    const { name, about } = (await world.directory.user('ben')) ?? {};
    expect(viewFields(replica.get('profile') ?? null)).toEqual(about === undefined ? { name } : { name, about });
    const live = world.bus.published.filter((record) => record.kind === 'entry');
    expect(live.flatMap(({ pointers }) => pointers.map(({ inbox }) => inbox))).toEqual(
      live.map((_, index) => index + 1),
    );
    expect(live.map(({ pointers }) => pointers.length)).toEqual(live.map(() => 1));
    expect(live.length).toBeGreaterThan(0);
  });
});

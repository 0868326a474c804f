import { describe, expect, test } from 'bun:test';
import { put, BLOCKED_BY, BLOCKS, MEMBERS, recordKey } from './records.ts';
import { createWorld, envelope } from './test-world.ts';

const toUser = (id: string) => ({ type: 'user', id }) as const;
const toChannel = (id: string) => ({ type: 'channel', id }) as const;
const toAll = (id: string) => ({ type: 'broadcast', id }) as const;

describe('who may read', () => {
  test("another person's inbox is refused, one's own is not", async () => {
    const { directory } = await createWorld();
    expect(await directory.mayRead('aroha', 'in:ben')).toBe('forbidden');
    expect(await directory.mayRead('owen', 'in:ben')).toBe('forbidden');
    expect(await directory.mayRead('ben', 'in:ben')).toBe('ok');
  });

  // proves AC-8
  test('a private channel is read by its members alone, direct logs by their two people', async () => {
    const { directory } = await createWorld();
    expect(await directory.mayRead('aroha', 'ch:crew')).toBe('ok');
    expect(await directory.mayRead('ben', 'ch:crew')).toBe('not_member');
    expect(await directory.mayRead('owen', 'ch:crew')).toBe('not_member');
    expect(await directory.mayRead('owen', 'dm:aroha:ben')).toBe('not_member');
    expect(await directory.mayRead('ben', 'dm:aroha:ben')).toBe('ok');
  });

  test('strangers to the event read neither its channels nor its broadcasts', async () => {
    const { directory } = await createWorld();
    expect(await directory.mayRead('zed', 'ch:general')).toBe('not_member');
    expect(await directory.mayRead('zed', 'ev:hui')).toBe('not_member');
    expect(await directory.mayRead('aroha', 'ev:hui')).toBe('ok');
  });

  test('names that are no logs and unknown channels are not found', async () => {
    const { directory } = await createWorld();
    for (const log of ['', 'ch:', 'xx:a', 'ch:nowhere', 'ch:a:b', 'dm:b:a']) {
      expect(await directory.mayRead('aroha', log)).toBe('not_found');
    }
  });
});

describe('who may publish', () => {
  test('a private channel is closed to outsiders, an announce channel to attendees', async () => {
    const { directory } = await createWorld();
    expect(await directory.mayPublish('ben', envelope('ben', toChannel('crew')))).toBe('not_member');
    expect(await directory.mayPublish('aroha', envelope('aroha', toChannel('crew')))).toBe('ok');
    expect(await directory.mayPublish('aroha', envelope('aroha', toChannel('news')))).toBe('forbidden');
    expect(await directory.mayPublish('sefa', envelope('sefa', toChannel('news')))).toBe('ok');
  });

  test('people who share no event cannot write to each other', async () => {
    const { directory } = await createWorld();
    const message = 'chat/direct_message';
    expect(await directory.mayPublish('zed', envelope('zed', toUser('ben'), message))).toBe('forbidden');
    expect(await directory.mayPublish('aroha', envelope('aroha', toUser('ben'), message))).toBe('ok');
  });

  // proves AC-14
  test('a block refuses both directions', async () => {
    const world = await createWorld();
    const rows = [put(BLOCKS, recordKey('ben', 'aroha'), {}), put(BLOCKED_BY, recordKey('aroha', 'ben'), {})];
    await world.store.commit([{ changes: rows }]);
    for (const [from, to] of [
      ['aroha', 'ben'],
      ['ben', 'aroha'],
    ] as const) {
      const message = envelope(from, toUser(to), 'chat/direct_message');
      expect(await world.directory.mayPublish(from, message)).toBe('blocked');
    }
  });

  test('broadcasts and alerts come from owner and moderators', async () => {
    const { directory } = await createWorld();
    expect(await directory.mayPublish('sefa', envelope('sefa', toAll('hui'), 'alert/alert'))).toBe('forbidden');
    expect(await directory.mayPublish('mira', envelope('mira', toAll('hui'), 'alert/alert'))).toBe('ok');
    expect(await directory.mayPublish('zed', envelope('zed', toAll('hui'), 'alert/alert'))).toBe('not_member');
  });

  test('a read mark for a log one may not read is refused', async () => {
    const { directory } = await createWorld();
    const mark = { ...envelope('ben', toChannel('general'), 'chat/read'), payload: { log: 'ch:crew', offset: 1 } };
    expect(await directory.mayPublish('ben', mark)).toBe('not_member');
    expect(await directory.mayPublish('ben', { ...mark, payload: { log: 'ch:general', offset: 1 } })).toBe('ok');
  });

  test('moderation is for moderators, and for nobody in direct logs', async () => {
    const { directory } = await createWorld();
    expect(await directory.mayModerate('mira', 'ch:general')).toBe(true);
    expect(await directory.mayModerate('mira', 'ch:crew')).toBe(false);
    expect(await directory.mayModerate('sefa', 'ch:general')).toBe(false);
    expect(await directory.mayModerate('owen', 'ev:hui')).toBe(true);
    expect(await directory.mayModerate('ben', 'dm:aroha:ben')).toBe(false);
  });
});

describe('the cache', () => {
  test('answers at once the second time', async () => {
    const { directory, reads } = await createWorld();
    await directory.mayPublish('aroha', envelope('aroha', toChannel('general')));
    const before = reads();
    expect(directory.mayPublish('aroha', envelope('aroha', toChannel('general')))).toBe('ok');
    expect(reads()).toBe(before);
  });

  test('a ban told by the bus takes effect at once, one whose record was lost within the age of an entry', async () => {
    const world = await createWorld();
    const ban = [put(MEMBERS, recordKey('hui', 'aroha'), { role: 'attendee', joined_at: 0, banned: true })];
    const ask = () => world.directory.mayRead('aroha', 'ch:general');
    expect(await ask()).toBe('ok');
    await world.store.commit([{ changes: ban }]);
    expect(await ask()).toBe('ok');
    world.bus.publish({ kind: 'changed', what: 'membership', id: 'hui', user: 'aroha', event: 'hui' });
    expect(await ask()).toBe('banned');

    await world.store.commit([
      { changes: [put(MEMBERS, recordKey('hui', 'aroha'), { role: 'attendee', joined_at: 0 })] },
    ]);
    expect(await ask()).toBe('banned');
    world.clock.time += 30_001;
    expect(await ask()).toBe('ok');
  });

  test('is emptied after the bus was away', async () => {
    const world = await createWorld();
    expect(await world.directory.mayRead('aroha', 'ch:general')).toBe('ok');
    const ban = put(MEMBERS, recordKey('hui', 'aroha'), { role: 'attendee', joined_at: 0, banned: true });
    await world.store.commit([{ changes: [ban] }]);
    world.bus.reconnect();
    expect(await world.directory.mayRead('aroha', 'ch:general')).toBe('banned');
  });
});

describe('demo mode', () => {
  test('opens unknown channels once, however many subscribe at the same time', async () => {
    const { directory, store } = await createWorld({ demo: true, openChannels: true });
    const decisions = await Promise.all(
      Array.from({ length: 50 }, (_, i) => directory.mayRead(`load-${i}`, 'ch:arena')),
    );
    expect(new Set(decisions)).toEqual(new Set(['ok']));
    expect((await store.get('channel', 'arena'))?.version).toBe(1);
    expect(await directory.mayPublish('load-3', envelope('load-3', toChannel('arena')))).toBe('ok');
  });

  test('does not open channels whose name is no id, nor any without openChannels', async () => {
    const open = await createWorld({ demo: true, openChannels: true });
    expect(await open.directory.mayRead('aroha', 'ch:a/b')).toBe('not_found');
    const closed = await createWorld({ demo: true });
    expect(await closed.directory.mayRead('aroha', 'ch:arena')).toBe('not_found');
  });

  test('lets everybody write to everybody, except who was banned', async () => {
    const { directory, store } = await createWorld({ demo: true });
    const message = envelope('load-1', toUser('load-2'), 'chat/direct_message');
    expect(await directory.mayPublish('load-1', message)).toBe('ok');
    const ban = put(MEMBERS, recordKey('hui', 'load-9'), { role: 'attendee', joined_at: 0, banned: true });
    await store.commit([{ changes: [ban] }]);
    expect(await directory.mayPublish('load-9', { ...message, from: { user_id: 'load-9' } })).toBe('forbidden');
  });
});

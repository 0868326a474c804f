import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  append,
  type Bench,
  commitOne,
  fill,
  type OpenStore,
  PAGE,
  START,
  type StoreUnderTest,
  uuid,
} from './store-fixture.ts';
import { describeEnd, describeRetention, describeSearch } from './store-lifetime.ts';
import { describeStoreModel } from './store-model.ts';

export type { OpenStore, StoreUnderTest } from './store-fixture.ts';

/** The behaviour every adapter of the `Store` port shows. Each test gets an empty store from `open`. */
export function describeStoreContract(name: string, open: OpenStore): void {
  describe(`${name} as a store`, () => {
    const clock = { now: START };
    let under: StoreUnderTest;
    const bench: Bench = {
      clock,
      get store() {
        return under.store;
      },
    };
    beforeEach(async () => {
      clock.now = START;
      under = await open({ now: () => clock.now });
    });
    afterEach(() => under.dispose());

    describeCommits(bench);
    describePages(bench);
    describeInboxes(bench);
    describeRecords(bench);
    describeRetention(bench);
    describeSearch(bench);
    describeEnd(bench);
  });
  describeStoreModel(name, open);
}

function describeCommits(bench: Bench): void {
  // proves DL-10, ST-4
  test('offsets of a log start at 1 and have no gaps, whatever other logs do', async () => {
    const outcomes = await bench.store.commit(
      [1, 2, 3, 4].map((n) => ({ appends: [append(n, { log: n === 2 ? 'ch:b' : 'ch:a' })] })),
    );
    expect(outcomes.map((o) => (o.kind === 'committed' ? o.positions[0] : o))).toEqual([
      { log: 'ch:a', offset: 1 },
      { log: 'ch:b', offset: 1 },
      { log: 'ch:a', offset: 2 },
      { log: 'ch:a', offset: 3 },
    ]);
    expect(await bench.store.states(['ch:b', 'ch:none', 'ch:a'])).toEqual([
      { first: 1, head: 1 },
      { first: 0, head: 0 },
      { first: 1, head: 3 },
    ]);
  });

  test('commits of one caller take effect in the order of the calls', async () => {
    const pending = Array.from({ length: 300 }, (_, i) => commitOne(bench.store, append(i + 1)));
    const offsets = (await Promise.all(pending)).map((o) => o.kind === 'committed' && o.positions[0]?.offset);
    expect(offsets).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
  });

  // proves ST-1
  test('what is acknowledged is visible to the next read, verbatim', async () => {
    const envelope = '{"text":"Tēnā koe \\ud800 😀","nul":"\\u0000"}';
    await commitOne(bench.store, append(1, { envelope }));
    const page = await bench.store.read('ch:hall', { after: 0, ...PAGE });
    expect(page.entries).toEqual([{ offset: 1, at: START, id: uuid(1), sender: 'ann', envelope }]);
    expect(await bench.store.locate('ch:hall', uuid(1))).toEqual(page.entries[0] ?? null);
    expect(await bench.store.locate('ch:other', uuid(1))).toBeNull();
  });

  test('a repeat gets the first position and changes nothing', async () => {
    await fill(bench.store, 2);
    bench.clock.now += 5_000;
    const again = await bench.store.commit([
      {
        appends: [append(1, { notify: [{ user: 'bob', reason: 'mention' }] })],
        changes: [{ collection: 'c', key: 'k', value: 1 }],
      },
      { appends: [append(3), append(2)] },
      { appends: [append(1)] },
    ]);
    expect(again).toEqual([
      { kind: 'duplicate', at: START, position: { log: 'ch:hall', offset: 1 } },
      { kind: 'duplicate', at: START, position: { log: 'ch:hall', offset: 2 } },
      { kind: 'duplicate', at: START, position: { log: 'ch:hall', offset: 1 } },
    ]);
    expect(await bench.store.get('c', 'k')).toBeNull();
    expect(await bench.store.states(['ch:hall', 'in:bob'])).toEqual([
      { first: 1, head: 2 },
      { first: 0, head: 0 },
    ]);
  });

  test('a repeat within one batch is recognised', async () => {
    const outcomes = await bench.store.commit([{ appends: [append(1)] }, { appends: [append(1)] }]);
    expect(outcomes.map((o) => o.kind)).toEqual(['committed', 'duplicate']);
  });

  // proves DL-5, ST-6
  test('the same id with another body or log is refused, of another sender it is another entry', async () => {
    await commitOne(bench.store, append(1));
    expect(await commitOne(bench.store, append(1, { envelope: '{"n":"other"}' }))).toEqual({ kind: 'id_reused' });
    expect(await commitOne(bench.store, append(1, { log: 'ch:other' }))).toEqual({ kind: 'id_reused' });
    expect((await commitOne(bench.store, append(1, { sender: 'bob' }))).kind).toBe('committed');
    expect(await bench.store.states(['ch:hall', 'ch:other'])).toEqual([
      { first: 1, head: 2 },
      { first: 0, head: 0 },
    ]);
  });

  // proves ST-2
  test('a command of several appends is all or nothing', async () => {
    await commitOne(bench.store, append(1));
    const outcomes = await bench.store.commit([
      { appends: [append(2), append(1, { envelope: '{}' })] },
      { appends: [append(3), append(4, { log: 'ch:b' })] },
    ]);
    expect(outcomes).toEqual([
      { kind: 'id_reused' },
      {
        kind: 'committed',
        at: START,
        pointers: [],
        positions: [
          { log: 'ch:hall', offset: 2 },
          { log: 'ch:b', offset: 1 },
        ],
      },
    ]);
  });

  test('store time never runs backwards', async () => {
    await commitOne(bench.store, append(1));
    bench.clock.now -= 60_000;
    expect(await commitOne(bench.store, append(2))).toMatchObject({ kind: 'committed', at: START });
  });
}

function describePages(bench: Bench): void {
  const offsets = (entries: readonly { offset: number }[]) => entries.map((entry) => entry.offset);

  test('pages ascend from `after`, end at `before`, and without either are the newest', async () => {
    await fill(bench.store, 10);
    const { store } = bench;
    const up = await store.read('ch:hall', { after: 3, ...PAGE, limit: 4 });
    expect([offsets(up.entries), up.has_more, up.first, up.head]).toEqual([[4, 5, 6, 7], true, 1, 10]);
    const down = await store.read('ch:hall', { before: 4, ...PAGE, limit: 2 });
    expect([offsets(down.entries), down.has_more]).toEqual([[2, 3], true]);
    const newest = await store.read('ch:hall', { ...PAGE, limit: 10 });
    expect([offsets(newest.entries), newest.has_more]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], false]);
    const beyond = await store.read('ch:hall', { after: 99, ...PAGE });
    expect([beyond.entries, beyond.has_more, beyond.gap]).toEqual([[], false, undefined]);
    expect(await store.read('ch:none', { after: 0, ...PAGE })).toEqual({
      first: 0,
      head: 0,
      entries: [],
      has_more: false,
    });
  });

  test('a page ends before its envelopes pass max_bytes, but never empty', async () => {
    await fill(bench.store, 3, () => ({ envelope: `"${'x'.repeat(98)}"` }));
    const two = await bench.store.read('ch:hall', { after: 0, limit: 10, max_bytes: 250 });
    expect([offsets(two.entries), two.has_more]).toEqual([[1, 2], true]);
    const one = await bench.store.read('ch:hall', { before: 3, limit: 10, max_bytes: 1 });
    expect([offsets(one.entries), one.has_more]).toEqual([[2], true]);
  });

  test('a thread is read alone', async () => {
    await fill(bench.store, 9, (n) => (n % 3 === 0 ? { thread: uuid(1) } : n % 3 === 1 ? { thread: uuid(2) } : {}));
    const thread = await bench.store.read('ch:hall', { after: 3, ...PAGE, thread: uuid(1) });
    expect([offsets(thread.entries), thread.has_more, thread.gap]).toEqual([[6, 9], false, undefined]);
    const newest = await bench.store.read('ch:hall', { ...PAGE, limit: 1, thread: uuid(2) });
    expect([offsets(newest.entries), newest.has_more]).toEqual([[7], true]);
  });
}

function describeInboxes(bench: Bench): void {
  test('pointers are written with the entry and lead to it', async () => {
    const notify = [
      { user: 'ann', reason: 'direct' },
      { user: 'bob', reason: 'direct' },
    ] as const;
    await commitOne(bench.store, append(1, { notify: [{ user: 'bob', reason: 'mention' }] }));
    const outcome = await commitOne(bench.store, append(2, { log: 'dm:ann:bob', notify }));
    expect(outcome).toEqual({
      kind: 'committed',
      at: START,
      positions: [{ log: 'dm:ann:bob', offset: 1 }],
      pointers: [
        { user: 'ann', inbox: 1, reason: 'direct' },
        { user: 'bob', inbox: 2, reason: 'direct' },
      ],
    });
    const inbox = await bench.store.readInbox('bob', { after: 0, ...PAGE });
    expect(inbox).toEqual({
      first: 1,
      head: 2,
      has_more: false,
      entries: [
        {
          inbox: 1,
          reason: 'mention',
          log: 'ch:hall',
          offset: 1,
          at: START,
          id: uuid(1),
          sender: 'ann',
          envelope: '{"n":1}',
        },
        {
          inbox: 2,
          reason: 'direct',
          log: 'dm:ann:bob',
          offset: 1,
          at: START,
          id: uuid(2),
          sender: 'ann',
          envelope: '{"n":2}',
        },
      ],
    });
    const older = await bench.store.readInbox('bob', { before: 2, ...PAGE });
    expect(older.entries.map((pointer) => pointer.inbox)).toEqual([1]);
    expect(await bench.store.states(['in:bob'])).toEqual([{ first: 1, head: 2 }]);
  });

  test('every reason for a pointer is kept as it is', async () => {
    for (const [index, reason] of (['direct', 'mention', 'notice', 'state'] as const).entries()) {
      await commitOne(bench.store, append(index + 1, { log: 'me:bob', notify: [{ user: 'bob', reason }] }));
    }
    const inbox = await bench.store.readInbox('bob', { after: 0, ...PAGE });
    expect(inbox.entries.map(({ reason }) => reason)).toEqual(['direct', 'mention', 'notice', 'state']);
  });

  // proves ST-11
  test('an inbox cursor only moves forward, per device', async () => {
    const { store } = bench;
    expect(await store.cursor('bob', 'phone')).toBeNull();
    await store.saveCursors([
      { user: 'bob', device: 'phone', inbox: 7 },
      { user: 'bob', device: 'laptop', inbox: 2 },
    ]);
    await store.saveCursors([
      { user: 'bob', device: 'phone', inbox: 3 },
      { user: 'bob', device: 'laptop', inbox: 4 },
    ]);
    expect([await store.cursor('bob', 'phone'), await store.cursor('bob', 'laptop')]).toEqual([7, 4]);
  });
}

function describeRecords(bench: Bench): void {
  // proves ST-5
  test('a record counts its versions and a condition on one guards the whole command', async () => {
    const { store } = bench;
    const put = (value: unknown, version: number, n: number) => ({
      requires: [{ collection: 'offer', key: 'o1', version }],
      changes: [{ collection: 'offer', key: 'o1', value }],
      appends: [append(n)],
    });
    const outcomes = await store.commit([put('open', 0, 1), put('taken by bob', 1, 2), put('taken by cat', 1, 3)]);
    expect(outcomes.map((o) => o.kind)).toEqual(['committed', 'committed', 'conflict']);
    expect(outcomes[2]).toEqual({ kind: 'conflict', collection: 'offer', key: 'o1' });
    expect(await store.get('offer', 'o1')).toEqual({ key: 'o1', value: 'taken by bob', version: 2 });
    expect(await store.states(['ch:hall'])).toEqual([{ first: 1, head: 2 }]);
    await store.commit([{ changes: [{ collection: 'offer', key: 'o1', value: null }] }]);
    expect(await store.get('offer', 'o1')).toBeNull();
  });

  test('records list by prefix in the order of their UTF-8 bytes', async () => {
    const keys = ['a/2', 'a/1', 'b/1', 'a/\u{1f600}', 'a/\uffee', 'a/é'];
    await bench.store.commit(keys.map((key) => ({ changes: [{ collection: 'c', key, value: { key } }] })));
    const list = async (after?: string, limit = 10) =>
      (await bench.store.list('c', 'a/', { limit, ...(after !== undefined && { after }) })).map((row) => row.key);
    expect(await list()).toEqual(['a/1', 'a/2', 'a/é', 'a/\uffee', 'a/\u{1f600}']);
    expect(await list('a/2', 2)).toEqual(['a/é', 'a/\uffee']);
    expect(await list('b')).toEqual([]);
  });
}

import { expect, test } from 'bun:test';
import { append, type Bench, commitOne, DAY, fill, PAGE, START, uuid } from './store-fixture.ts';

/** Erasure, expiry and trimming. */
export function describeRetention(bench: Bench): void {
  test('an erased entry keeps its offset and its id, not its body', async () => {
    const { store } = bench;
    await fill(store, 3, () => ({ text: 'secret word' }));
    await store.commit([
      {
        erases: [
          { log: 'ch:hall', offset: 2 },
          { log: 'ch:hall', offset: 99 },
        ],
      },
    ]);
    const { entries } = await store.read('ch:hall', { after: 0, ...PAGE });
    expect(entries.map((entry) => entry.gone)).toEqual([undefined, 'erased', undefined]);
    expect(entries[1]).toEqual({ offset: 2, at: START, id: uuid(2), sender: 'ann', envelope: null, gone: 'erased' });
    expect((await commitOne(store, append(2))).kind).toBe('duplicate');
    const found = await store.search({ words: 'secret', logs: ['ch:hall'], limit: 10 });
    expect(found.hits.map((hit) => hit.entry.offset)).toEqual([3, 1]);
  });

  test('a reply that is gone still says which thread it was in', async () => {
    const { store } = bench;
    await fill(store, 2, (n) => (n === 2 ? { thread: uuid(1) } : {}));
    await store.commit([{ erases: [{ log: 'ch:hall', offset: 2 }] }]);
    const { entries } = await store.read('ch:hall', { after: 0, ...PAGE });
    expect(entries[1]).toMatchObject({ gone: 'erased', thread: uuid(1) });
    expect((await store.read('ch:hall', { thread: uuid(1), ...PAGE })).entries.map((entry) => entry.offset)).toEqual([
      2,
    ]);
  });

  // proves DL-21
  test('an entry past its time reads as expired before any trimming', async () => {
    await fill(bench.store, 1, () => ({ expires_at: START + 1_000, text: 'brief' }));
    bench.clock.now = START + 1_000;
    expect((await bench.store.read('ch:hall', { after: 0, ...PAGE })).entries[0]).toMatchObject({
      envelope: null,
      gone: 'expired',
    });
    expect((await bench.store.search({ words: 'brief', logs: ['ch:hall'], limit: 1 })).hits).toEqual([]);
  });

  // proves ST-9
  test('trimming raises first past leading expired entries, blanks others, and readers are told of the gap', async () => {
    const { store, clock } = bench;
    await fill(store, 5, (n) => ({
      expires_at: START + (n <= 2 || n === 4 ? 10 : 10 * DAY),
      notify: [{ user: 'bob', reason: 'notice' }],
    }));
    clock.now = START + 20;
    expect(await store.trim(clock.now)).toBe(3);
    expect(await store.trim(clock.now)).toBe(0);
    const page = await store.read('ch:hall', { after: 0, ...PAGE });
    expect(page.gap).toEqual({ from: 1, to: 2, reason: 'retention' });
    expect(page.entries.map((entry) => [entry.offset, entry.gone])).toEqual([
      [3, undefined],
      [4, 'expired'],
      [5, undefined],
    ]);
    expect((await store.read('ch:hall', { after: 2, ...PAGE })).gap).toBeUndefined();
    const inbox = await store.readInbox('bob', { after: 1, ...PAGE });
    expect([inbox.first, inbox.head, inbox.gap]).toEqual([3, 5, { from: 2, to: 2, reason: 'retention' }]);
    expect(inbox.entries.map((pointer) => pointer.inbox)).toEqual([3, 4, 5]);
  });

  test('a log trimmed empty keeps its head, and an id stays taken for eight days', async () => {
    const { store, clock } = bench;
    await fill(store, 3, () => ({ expires_at: START + 10, notify: [{ user: 'bob', reason: 'notice' }] }));
    clock.now = START + 8 * DAY;
    await store.trim(clock.now);
    expect(await store.states(['ch:hall', 'in:bob'])).toEqual([
      { first: 4, head: 3 },
      { first: 4, head: 3 },
    ]);
    expect((await commitOne(store, append(1))).kind).toBe('duplicate');
    clock.now = START + 8 * DAY + 120_000;
    await store.trim(clock.now);
    const outcome = await commitOne(store, append(1, { expires_at: clock.now + DAY }));
    expect(outcome).toMatchObject({ kind: 'committed', positions: [{ log: 'ch:hall', offset: 4 }] });
    expect(await store.states(['ch:hall'])).toEqual([{ first: 4, head: 4 }]);
  });
}

/** Full-text search. */
export function describeSearch(bench: Bench): void {
  // proves ST-12
  test('words match without regard to case and diacritics, the last as a prefix, newest first', async () => {
    const texts = ['Haere mai ki te whare Māori', 'maori arts & crafts', 'nothing here', 'MĀORITANGA'];
    await fill(bench.store, 4, (n) => ({ text: texts[n - 1] ?? '' }));
    const found = await bench.store.search({ words: 'maori', logs: ['ch:hall'], limit: 10 });
    expect(found.hits.map((hit) => [hit.log, hit.entry.offset, hit.snippet])).toEqual([
      ['ch:hall', 4, '\u0002MĀORITANGA\u0003'],
      ['ch:hall', 2, '\u0002maori\u0003 arts & crafts'],
      ['ch:hall', 1, 'Haere mai ki te whare \u0002Māori\u0003'],
    ]);
    const both = await bench.store.search({ words: 'whare MAORI', logs: ['ch:hall'], limit: 10 });
    expect(both.hits.map((hit) => hit.entry.offset)).toEqual([1]);
  });

  test('only the named logs are searched, page by page', async () => {
    await fill(bench.store, 9, (n) => ({ text: `word ${n}`, log: n % 3 === 0 ? 'ch:secret' : 'ch:hall' }));
    const seen: number[] = [];
    let after: string | undefined;
    do {
      const page = await bench.store.search({
        words: 'word',
        logs: ['ch:hall', 'ch:none'],
        limit: 4,
        ...(after && { after }),
      });
      seen.push(...page.hits.map((hit) => hit.entry.offset));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual([6, 5, 4, 3, 2, 1]);
    expect((await bench.store.search({ words: 'word', logs: [], limit: 4 })).hits).toEqual([]);
  });

  test('operators of a query language are just words', async () => {
    await fill(bench.store, 1, () => ({ text: 'to be OR not to be' }));
    const search = async (words: string) =>
      (await bench.store.search({ words, logs: ['ch:hall'], limit: 5 })).hits.length;
    expect(await search('be OR not')).toBe(1);
    expect(await search('be NOT zebra')).toBe(0);
    expect(await search('"to be" * ) ( log:l1 AND')).toBe(0);
    expect(await search('" * ) (')).toBe(0);
    expect(await search('')).toBe(0);
  });
}

/** Closing, and saying no. */
export function describeEnd(bench: Bench): void {
  test('close finishes what was handed over, and then nothing is accepted', async () => {
    const pending = commitOne(bench.store, append(1));
    await bench.store.close();
    expect((await pending).kind).toBe('committed');
    await expect(bench.store.commit([{ appends: [append(2)] }])).rejects.toMatchObject({
      name: 'StoreUnavailableError',
    });
    await expect(bench.store.read('ch:hall', PAGE)).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    expect(bench.store.health().ok).toBe(false);
  });

  // proves ST-13
  test('more than the queue holds is turned away, not kept waiting', async () => {
    const { store } = bench;
    const commands = Array.from({ length: 20_001 }, (_, i) => ({ appends: [append(i + 1)] }));
    await expect(store.commit(commands)).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    expect((await commitOne(store, append(1))).kind).toBe('committed');
    expect(store.health()).toMatchObject({ ok: true, damage: [], waiting: 0 });
  });

  // proves ST-3
  test('a call that cannot be written fails alone, not those it would have travelled with', async () => {
    const wrong = { ...append(2), sender: null as unknown as string };
    const unserialisable = { changes: [{ collection: 'c', key: 'k', value: 1n }] };
    const results = await Promise.allSettled([
      commitOne(bench.store, append(1)),
      bench.store.commit([{ appends: [wrong] }]),
      bench.store.commit([unserialisable]),
      commitOne(bench.store, append(3)),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(await bench.store.states(['ch:hall'])).toEqual([{ first: 1, head: 2 }]);
  });
}

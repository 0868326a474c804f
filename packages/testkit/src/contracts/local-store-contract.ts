import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type LocalStore, LocalStoreError, type LocalStoreFault, sortableNumber } from '@konferenco/client/storage';
import { describeLocalStoreModel } from './local-store-model.ts';

/** A store to test, empty. */
export interface LocalStoreUnderTest {
  readonly store: LocalStore;
  /** Another handle to the same rows, as another tab or the next start has; `null` where nothing outlives the store. */
  readonly again: (() => Promise<LocalStore>) | null;
  /** Changes a stored row behind the store's back; `null` where nobody can. */
  readonly damage: ((table: 'entries' | 'outbox', key: string) => Promise<void>) | null;
  dispose(): Promise<void>;
}

export type OpenStoreUnderTest = () => Promise<LocalStoreUnderTest>;

export interface LocalStoreContractOptions {
  /** Runs of the comparison with the model; fewer where each call is slow. */
  readonly modelRuns?: number;
}

const ALL = { prefix: '', limit: 1_000 } as const;

/** The behaviour every adapter of the `LocalStore` port shows. Each test gets an empty store from `open`. */
export function describeLocalStoreContract(
  name: string,
  open: OpenStoreUnderTest,
  { modelRuns = 100 }: LocalStoreContractOptions = {},
): void {
  describe(`${name} as a device's store`, () => {
    let under: LocalStoreUnderTest;
    const bench: Bench = {
      get store() {
        return under.store;
      },
      get under() {
        return under;
      },
    };
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.dispose());
    describeWrites(bench);
    describeReads(bench);
    describeHandles(bench);
    describeRefusals(bench);
  });
  describeLocalStoreModel(name, open, modelRuns);
}

interface Bench {
  readonly store: LocalStore;
  readonly under: LocalStoreUnderTest;
}

async function keysOf(store: LocalStore, range: Partial<Parameters<LocalStore['list']>[1]>): Promise<string[]> {
  return (await store.list('entries', { ...ALL, ...range })).map(({ key }) => key);
}

async function fill(store: LocalStore, keys: readonly string[]): Promise<void> {
  await store.write(keys.map((key) => ({ table: 'entries', key, value: key.length })));
}

/** What a call was refused with; anything but a refusal by the store fails the test. */
async function faultOf(call: Promise<unknown>): Promise<LocalStoreFault> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LocalStoreError);
  return (error as LocalStoreError).fault;
}

function describeWrites(bench: Bench): void {
  // proves LS-1
  test('a write is all or nothing: one value that cannot be kept keeps out the others', async () => {
    const { store } = bench;
    await store.write([{ table: 'logs', key: 'a', value: 'before' }]);
    const refused = store.write([
      { table: 'logs', key: 'a', value: 'after' },
      { table: 'meta', key: 'b', value: 2 },
      { table: 'meta', key: 'c', value: 10n },
    ]);
    await expect(refused).rejects.toThrow();
    expect([await store.get('logs', 'a'), await store.get('meta', 'b')]).toEqual(['before', undefined]);
  });

  test('a value replaces the one before, undefined deletes, and the last change of a key counts', async () => {
    const { store } = bench;
    await store.write([
      { table: 'meta', key: 'a', value: 1 },
      { table: 'meta', key: 'b', value: 1 },
      { table: 'meta', key: 'c', value: 1 },
      { table: 'meta', key: 'c', value: undefined },
      { table: 'meta', key: 'c', value: 3 },
    ]);
    await store.write([
      { table: 'meta', key: 'a', value: null },
      { table: 'meta', key: 'b', value: undefined },
      { table: 'meta', key: 'never there', value: undefined },
    ]);
    await store.write([]);
    expect(await store.list('meta', ALL)).toEqual([
      { key: 'a', value: null },
      { key: 'c', value: 3 },
    ]);
  });

  test('tables do not see each other, and dropping one prefix leaves the rest', async () => {
    const { store } = bench;
    await fill(store, ['ch:a/1', 'ch:a/2', 'ch:ab/1', 'ch:b/1']);
    await store.write([{ table: 'logs', key: 'ch:a/1', value: 'of another table' }]);
    await store.drop('entries', 'ch:a/');
    expect(await keysOf(store, {})).toEqual(['ch:ab/1', 'ch:b/1']);
    await store.drop('entries', 'nothing begins so');
    await store.drop('entries', '');
    expect(await keysOf(store, {})).toEqual([]);
    expect(await store.get('logs', 'ch:a/1')).toBe('of another table');
  });
}

const VALUES: readonly unknown[] = [
  null,
  false,
  0,
  -1.5e300,
  '',
  'Tēnā koe 😀 \ud800 \u0000',
  [],
  {},
  { __proto__x: 1, nested: [{ a: [null, 'x'.repeat(100_000)] }] },
];

function describeReads(bench: Bench): void {
  test('what is read is what was written, and belongs to the reader', async () => {
    const { store } = bench;
    await store.write(VALUES.map((value, n) => ({ table: 'documents', key: `v${n}`, value })));
    for (const [n, value] of VALUES.entries()) expect(await store.get('documents', `v${n}`)).toEqual(value);
    expect(await store.get('documents', 'v')).toBeUndefined();
    const mine = { list: [1] };
    await store.write([{ table: 'documents', key: 'mine', value: mine }]);
    mine.list.push(2);
    const read = (await store.get('documents', 'mine')) as { list: number[] };
    read.list.push(3);
    expect(await store.get('documents', 'mine')).toEqual({ list: [1] });
  });

  // proves LS-3
  test('rows come in the order of UTF-16 units, whatever their keys are made of', async () => {
    const keys = ['', '\0', '\x01', '\x010', '!', 'Z', 'a', 'a\0', 'ab', '}', '~', '~0101', '\x7f', 'ā', '😀'];
    keys.push('\ud800', '\udc00x', '\uffff', '\uffff\uffff', 'ch:a/x', sortableNumber(9), sortableNumber(10));
    await fill(bench.store, keys.toReversed());
    const sorted = keys.toSorted((a, b) => (a < b ? -1 : 1));
    expect(await keysOf(bench.store, {})).toEqual(sorted);
    expect(await keysOf(bench.store, { backwards: true })).toEqual(sorted.toReversed());
    expect(await keysOf(bench.store, { prefix: '\uffff' })).toEqual(['\uffff', '\uffff\uffff']);
    expect(await keysOf(bench.store, { prefix: 'a' })).toEqual(['a', 'a\0', 'ab']);
    expect(await keysOf(bench.store, { after: 'a', before: 'b' })).toEqual(['a\0', 'ab']);
  });

  test('a range ends at its prefix, at its bounds, which are not part of it, and at its limit', async () => {
    const { store } = bench;
    await fill(store, ['a', 'l/1', 'l/2', 'l/3', 'l/4', 'm']);
    expect(await keysOf(store, { prefix: 'l/', limit: 2 })).toEqual(['l/1', 'l/2']);
    expect(await keysOf(store, { prefix: 'l/', limit: 2, backwards: true })).toEqual(['l/4', 'l/3']);
    expect(await keysOf(store, { prefix: 'l/', limit: 9, backwards: true })).toEqual(['l/4', 'l/3', 'l/2', 'l/1']);
    expect(await keysOf(store, { prefix: 'l/', limit: 1, backwards: true })).toEqual(['l/4']);
    expect(await keysOf(store, { prefix: 'l/', after: 'l/1', before: 'l/4' })).toEqual(['l/2', 'l/3']);
    expect(await keysOf(store, { prefix: 'l/', after: 'a', before: 'z' })).toEqual(['l/1', 'l/2', 'l/3', 'l/4']);
    expect(await keysOf(store, { prefix: 'l/', after: 'l/2', backwards: true, limit: 1 })).toEqual(['l/4']);
    expect(await keysOf(store, { prefix: 'l/', before: 'l/3', backwards: true, limit: 1 })).toEqual(['l/2']);
    for (const nothing of [
      { limit: 0 },
      { prefix: 'x' },
      { prefix: 'l/', after: 'm' },
      { after: 'l/3', before: 'l/2' },
    ]) {
      expect(await keysOf(store, nothing)).toEqual([]);
      expect(await keysOf(store, { ...nothing, backwards: true })).toEqual([]);
    }
  });
}

function describeHandles(bench: Bench): void {
  // proves LS-1, LS-2
  test('a write that resolved is seen by every other handle, and by the next start', async () => {
    const { store, under } = bench;
    if (!under.again) return expect(store.kind).toBe('memory');
    expect(store.kind).toBe('durable');
    const other = await under.again();
    for (let n = 0; n < 10; n++) {
      const [writer, reader] = n % 2 === 0 ? [store, other] : [other, store];
      await writer.write([{ table: 'logs', key: 'head', value: n }]);
      expect(await reader.get('logs', 'head')).toBe(n);
    }
    await Promise.all([store.close(), other.close()]);
    const next = await under.again();
    expect(await next.get('logs', 'head')).toBe(9);
    await next.close();
  });

  test('writes of two handles at once all take effect, each whole', async () => {
    const { store, under } = bench;
    if (!under.again) return;
    const other = await under.again();
    const pair = (n: number) => [
      { table: 'entries' as const, key: `a${n}`, value: n },
      { table: 'logs' as const, key: 'last', value: n },
    ];
    await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? store : other).write(pair(n))));
    expect(await keysOf(store, {})).toHaveLength(20);
    expect(await other.get('logs', 'last')).toBe((await store.get('logs', 'last')) as number);
    await other.close();
  });
}

function describeRefusals(bench: Bench): void {
  // proves LS-4
  test('a damaged row is said to be damaged, by its key, and never returned; writing it anew heals it', async () => {
    const { store, under } = bench;
    if (!under.damage) return;
    await fill(store, ['a', 'b', 'c']);
    await under.damage('entries', 'b');
    expect(await faultOf(store.get('entries', 'b'))).toBe('damaged');
    await expect(store.list('entries', ALL)).rejects.toMatchObject({ fault: 'damaged', keys: ['b'] });
    expect(await store.get('entries', 'c')).toBe(1);
    expect(await keysOf(store, { prefix: 'c' })).toEqual(['c']);
    await fill(store, ['b']);
    expect(await keysOf(store, {})).toEqual(['a', 'b', 'c']);
  });

  test('a closed store does nothing more, and closing twice does no harm', async () => {
    const { store } = bench;
    const pending = store.write([{ table: 'meta', key: 'a', value: 1 }]);
    await pending;
    await store.close();
    await store.close();
    expect(await faultOf(store.get('meta', 'a'))).toBe('unavailable');
    expect(await faultOf(store.list('meta', ALL))).toBe('unavailable');
    expect(await faultOf(store.drop('meta', ''))).toBe('unavailable');
    expect(await faultOf(store.write([{ table: 'meta', key: 'a', value: 2 }]))).toBe('unavailable');
  });

  test('usage says what the platform knows, and nothing that it does not', async () => {
    const { bytes, quota, persisted } = await bench.store.usage();
    for (const known of [bytes, quota]) expect(known === null || known >= 0).toBe(true);
    expect(typeof persisted).toBe('boolean');
  });
}

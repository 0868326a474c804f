import { describe, expect, test } from 'bun:test';
import {
  LOCAL_TABLES,
  type LocalChange,
  type LocalRange,
  type LocalStore,
  type LocalTable,
} from '@konferenco/client/storage';
import fc from 'fast-check';
import type { LocalStoreUnderTest } from './local-store-contract.ts';

/** A store as plainly as it can be said: a map of rows for each table. */
type Model = ReadonlyMap<LocalTable, Map<string, unknown>>;

/** What the commands act on; the next start replaces the store. */
interface Real {
  readonly under: LocalStoreUnderTest;
  store: LocalStore;
}

type Command = fc.AsyncCommand<Model, Real>;

// Few keys, so that changes meet; among them neighbours of a prefix's end, surrogates and what an escape is made of.
const aKey = fc.oneof(
  fc.constantFrom('', 'a', 'a/1', 'a/2', 'a/\uffff', 'a0', 'b', '\0', '\x01', '~', '😀', '\ue000'),
  fc.string({ unit: fc.constantFrom('a', '/', '~', '\0', '\x01', '0', '\ud83d', '\uffff'), maxLength: 3 }),
);
const aTable = fc.constantFrom(...LOCAL_TABLES.slice(0, 2));
const aValue = fc.option(fc.jsonValue({ maxDepth: 2 }), { nil: undefined });

const aChange: fc.Arbitrary<LocalChange> = fc.record({ table: aTable, key: aKey, value: aValue });
const aRange: fc.Arbitrary<LocalRange> = fc.record(
  { prefix: aKey, after: aKey, before: aKey, limit: fc.integer({ min: 0, max: 6 }), backwards: fc.boolean() },
  { requiredKeys: ['prefix', 'limit'] },
);

const commands = [
  fc.array(aChange, { maxLength: 5 }).map(
    (changes): Command =>
      command(`write ${show(changes)}`, async (model, real) => {
        for (const { table, key, value } of changes) {
          if (value === undefined) model.get(table)?.delete(key);
          else model.get(table)?.set(key, throughJson(value));
        }
        await real.store.write(changes);
      }),
  ),
  fc.tuple(aTable, aKey).map(
    ([table, key]): Command =>
      command(`get ${table} ${show(key)}`, async (model, real) => {
        expect(await real.store.get(table, key)).toEqual(model.get(table)?.get(key));
      }),
  ),
  fc.tuple(aTable, aRange).map(
    ([table, range]): Command =>
      command(`list ${table} ${show(range)}`, async (model, real) => {
        expect(await real.store.list(table, range)).toEqual(listed(model.get(table) ?? new Map(), range));
      }),
  ),
  fc.tuple(aTable, aKey).map(
    ([table, prefix]): Command =>
      command(`drop ${table} ${show(prefix)}`, async (model, real) => {
        for (const key of [...(model.get(table)?.keys() ?? [])])
          if (key.startsWith(prefix)) model.get(table)?.delete(key);
        await real.store.drop(table, prefix);
      }),
  ),
  fc.constant(
    command('start again', async (_, real) => {
      if (!real.under.again) return;
      await real.store.close();
      real.store = await real.under.again();
    }),
  ),
];

/** Whatever is done to a store, it answers as a map of maps does. */
export function describeLocalStoreModel(name: string, open: () => Promise<LocalStoreUnderTest>, runs: number): void {
  describe(`${name} against the model`, () => {
    // proves LS-1, LS-3
    test('any sequence of writes, drops, reads and starts reads as in the model', async () => {
      await fc.assert(
        fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: 'max' }), async (sequence) => {
          const under = await open();
          const real: Real = { under, store: under.store };
          const model = new Map(LOCAL_TABLES.map((table) => [table, new Map<string, unknown>()]));
          try {
            await fc.asyncModelRun(() => ({ model, real }), sequence);
          } finally {
            await real.store.close();
            await under.dispose();
          }
        }),
        { numRuns: runs },
      );
    }, 60_000);
  });
}

function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name };
}

function listed(rows: ReadonlyMap<string, unknown>, { prefix, after, before, limit, backwards }: LocalRange) {
  const found = [...rows]
    .filter(([key]) => key.startsWith(prefix))
    .filter(([key]) => (after === undefined || key > after) && (before === undefined || key < before))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value }));
  return (backwards ? found.reverse() : found).slice(0, limit);
}

/** JSON knows no negative zero. */
function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function show(value: unknown): string {
  return JSON.stringify(value);
}

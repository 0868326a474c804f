import { describe, expect, test } from 'bun:test';
import type { Append, Command, Outcome, Store } from '@konferenco/core';
import fc from 'fast-check';
import { append, DAY, type OpenStore, PAGE, START } from './store-fixture.ts';

interface ModelEntry {
  readonly append: Append;
  readonly at: number;
  gone?: 'erased' | 'expired';
}

/** The store as plainly as it can be said; what the adapters are compared with. */
class Model {
  now = START;
  readonly logs = new Map<string, { first: number; entries: ModelEntry[] }>();
  readonly records = new Map<string, { value: unknown; version: number }>();

  commit(command: Command): Outcome {
    for (const { collection, key, version } of command.requires ?? []) {
      if ((this.records.get(key)?.version ?? 0) !== version) return { kind: 'conflict', collection, key };
    }
    for (const one of command.appends ?? []) {
      const repeat = this.#repeat(one);
      if (repeat) return repeat;
    }
    for (const { key, value } of command.changes ?? []) {
      if (value === null) this.records.delete(key);
      else this.records.set(key, { value, version: (this.records.get(key)?.version ?? 0) + 1 });
    }
    const positions = (command.appends ?? []).map((one) => {
      const log = this.logs.get(one.log) ?? { first: 1, entries: [] };
      this.logs.set(one.log, log);
      return { log: one.log, offset: log.entries.push({ append: one, at: this.now }) };
    });
    for (const { log, offset } of command.erases ?? []) {
      const entry = this.logs.get(log)?.entries[offset - 1];
      if (entry) entry.gone ??= 'erased';
    }
    return { kind: 'committed', at: this.now, positions, pointers: [] };
  }

  trim(): number {
    let trimmed = 0;
    for (const log of this.logs.values()) {
      for (const entry of log.entries) {
        if (entry.gone === 'expired' || entry.append.expires_at > this.now) continue;
        entry.gone = 'expired';
        trimmed++;
      }
      while (log.entries[log.first - 1]?.gone === 'expired') log.first++;
    }
    return trimmed;
  }

  page(name: string, after: number) {
    const log = this.logs.get(name);
    if (!log) return { first: 0, head: 0, entries: [], has_more: false };
    const entries = log.entries.map((entry, i) => {
      const { id, sender, envelope, expires_at } = entry.append;
      const gone = entry.gone ?? (expires_at <= this.now ? 'expired' : undefined);
      return { offset: i + 1, at: entry.at, id, sender, envelope: gone ? null : envelope, ...(gone && { gone }) };
    });
    return {
      first: log.first,
      head: log.entries.length,
      entries: entries.slice(Math.max(after, log.first - 1)),
      has_more: false,
      ...(after + 1 < log.first && { gap: { from: after + 1, to: log.first - 1, reason: 'retention' as const } }),
    };
  }

  #repeat(one: Append): Outcome | null {
    for (const [log, { entries }] of this.logs) {
      const i = entries.findIndex(({ append: { id, sender } }) => id === one.id && sender === one.sender);
      const found = entries[i];
      if (!found) continue;
      const same = log === one.log && (found.gone || found.append.envelope === one.envelope);
      return same ? { kind: 'duplicate', at: found.at, position: { log, offset: i + 1 } } : { kind: 'id_reused' };
    }
    return null;
  }
}

type Step =
  | { readonly do: 'commit'; readonly commands: readonly Command[] }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'trim' };

const LOGS = ['ch:a', 'ch:b', 'dm:ann:bob'] as const;
const KEYS = ['k1', 'k2'] as const;

const anAppend = fc
  .record({
    n: fc.integer({ min: 1, max: 40 }),
    log: fc.constantFrom(...LOGS),
    sender: fc.constantFrom('ann', 'bob'),
    body: fc.constantFrom('"a"', '"b"'),
    lives: fc.constantFrom(DAY / 2, 3 * DAY, 30 * DAY),
  })
  .map(({ n, log, sender, body, lives }) => append(n, { log, sender, envelope: body, expires_at: START + lives }));

const aCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: anAppend.map((one) => ({ appends: [one] })) },
  {
    weight: 1,
    arbitrary: fc
      .uniqueArray(anAppend, { minLength: 2, maxLength: 3, selector: (a) => `${a.sender}${a.id}` })
      .map((appends) => ({ appends })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      requires: fc
        .record({
          collection: fc.constant('c'),
          key: fc.constantFrom(...KEYS),
          version: fc.integer({ min: 0, max: 3 }),
        })
        .map((r) => [r]),
      changes: fc
        .record({
          collection: fc.constant('c'),
          key: fc.constantFrom(...KEYS),
          value: fc.option(fc.jsonValue({ maxDepth: 1 })),
        })
        .map((r) => [r]),
      appends: fc.array(anAppend, { maxLength: 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ log: fc.constantFrom(...LOGS), offset: fc.integer({ min: 1, max: 12 }) })
      .map((erase) => ({ erases: [erase] })),
  },
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .array(aCommand, { minLength: 1, maxLength: 6 })
        .map((commands): Step => ({ do: 'commit', commands })),
    },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: DAY }).map((ms): Step => ({ do: 'wait', ms })) },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'trim' }) },
  ),
  { maxLength: 25 },
);

/** Whatever is done to a store, it answers as the plain model does. */
export function describeStoreModel(name: string, open: OpenStore): void {
  describe(`${name} against the model`, () => {
    test('any sequence of commits, erasures, waits and trims reads as in the model', async () => {
      await fc.assert(
        fc.asyncProperty(steps, fc.integer({ min: 0, max: 8 }), async (sequence, after) => {
          const model = new Model();
          const { store, dispose } = await open({ now: () => model.now });
          try {
            for (const step of sequence) await take(step, store, model);
            await compare(store, model, after);
          } finally {
            await dispose();
          }
        }),
        { numRuns: 25 },
      );
    }, 30_000);
  });
}

async function take(step: Step, store: Store, model: Model): Promise<void> {
  switch (step.do) {
    case 'commit':
      expect(await store.commit(step.commands)).toEqual(step.commands.map((command) => model.commit(command)));
      return;
    case 'wait':
      model.now += step.ms;
      return;
    case 'trim':
      expect(await store.trim(model.now)).toBe(model.trim());
      return;
    default:
      step satisfies never;
  }
}

async function compare(store: Store, model: Model, after: number): Promise<void> {
  for (const log of LOGS) expect(await store.read(log, { after, ...PAGE })).toEqual(model.page(log, after));
  for (const key of KEYS) {
    const record = model.records.get(key);
    expect(await store.get('c', key)).toEqual(record ? { key, ...record } : null);
  }
}

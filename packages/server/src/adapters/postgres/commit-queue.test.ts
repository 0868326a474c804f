import { expect, test } from 'bun:test';
import { type Outcome, StoreUnavailableError } from '@konferenco/core';
import fc from 'fast-check';
import { type BatchWriter, CommitQueue } from './commit-queue.ts';
import { BatchRefusedError } from './errors.ts';
import type { PreparedCommand } from './prepared.ts';

const EXPIRES = 4_000_000_000_000;
/** More than one transaction holds. */
const MANY = 700;

type Commands = readonly PreparedCommand[];

function call(queue: CommitQueue, log: string): Promise<Outcome[]> {
  return queue.submit([
    { appends: [{ log, id: Bun.randomUUIDv7(), sender: 'ann', envelope: '{}', expires_at: EXPIRES }] },
  ]);
}

const logsOf = (commands: Commands) => commands.flatMap(({ appends }) => appends.map(({ log }) => log));

/** Outcomes that name the log of each command. */
const outcomesOf = (commands: Commands): Outcome[] =>
  logsOf(commands).map((key) => ({ kind: 'conflict', collection: '', key }));

const names = Array.from({ length: MANY }, (_, i) => `ch:${i}`);

/** Never writes one batch behind another. */
function oneByOne(commit: BatchWriter['commit']): BatchWriter {
  return { commit, commitBehind: async () => null };
}

test('what waits while a batch is written is written next, once and in the order of the calls', async () => {
  const written: string[][] = [];
  const queue = new CommitQueue(
    oneByOne(async (commands) => {
      written.push(logsOf(commands));
      return outcomesOf(commands);
    }),
  );
  const outcomes = await Promise.all(names.map((name) => call(queue, name)));
  expect(outcomes.flat()).toMatchObject(names.map((key) => ({ key })));
  expect(written.flat()).toEqual(names);
  expect(written.length).toBeGreaterThan(1);
  expect(queue.size).toBe(0);
});

test('a batch that fails gives up those that wait behind it', async () => {
  let batches = 0;
  const queue = new CommitQueue(
    oneByOne(async () => {
      batches++;
      throw new StoreUnavailableError('no server');
    }),
  );
  const results = await Promise.allSettled(names.map((name) => call(queue, name)));
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(batches).toBe(1);
  expect(queue.size).toBe(0);
});

test('when a batch is refused its calls are tried alone, before those that wait', async () => {
  const written: string[][] = [];
  const queue = new CommitQueue(
    oneByOne(async (commands) => {
      const logs = logsOf(commands);
      written.push(logs);
      if (logs.includes('ch:5')) throw new BatchRefusedError('it does not fit');
      return outcomesOf(commands);
    }),
  );
  const results = await Promise.allSettled(names.map((name) => call(queue, name)));
  expect(results.flatMap(({ status }, i) => (status === 'rejected' ? [names[i]] : []))).toEqual(['ch:5']);
  expect(written.slice(1).flat()).toEqual(names);
});

test('a second batch is sent before the first is written, and no third', async () => {
  const sent: number[] = [];
  const ends: (() => void)[] = [];
  const write = (commands: Commands) => {
    sent.push(commands.length);
    return new Promise<Outcome[]>((resolve) => ends.push(() => resolve(outcomesOf(commands))));
  };
  const queue = new CommitQueue({ commit: write, commitBehind: write });
  const outcomes = Promise.all([...names, ...names, ...names].map((name) => call(queue, name)));
  const turns = async () => {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  await turns();
  expect(sent).toEqual([512, 512]);
  ends.shift()?.();
  await turns();
  expect(sent).toEqual([512, 512, 512]);
  while (queue.size > 0) {
    for (const end of ends.splice(0)) end();
    await turns();
  }
  expect((await outcomes).flat()).toMatchObject([...names, ...names, ...names].map((key) => ({ key })));
});

test('few that wait are not sent behind a batch, but gather until it is written', async () => {
  const sent: string[][] = [];
  let end = () => {};
  const queue = new CommitQueue({
    async commit(commands) {
      sent.push(logsOf(commands));
      if (sent.length === 1) await new Promise<void>((resolve) => (end = resolve));
      return outcomesOf(commands);
    },
    commitBehind: () => Promise.reject(new Error('one was sent behind')),
  });
  const first = call(queue, 'ch:first');
  await new Promise((resolve) => setImmediate(resolve));
  const rest = Promise.all(names.slice(0, 20).map((name) => call(queue, name)));
  await new Promise((resolve) => setImmediate(resolve));
  end();
  await Promise.all([first, rest]);
  expect(sent).toEqual([['ch:first'], names.slice(0, 20)]);
});

/** What becomes of an attempt, if the one it was sent behind took effect. */
const fates = fc.constantFrom(
  ...Array<string>(12).fill('done'),
  'nothing',
  'nothing',
  'nothing',
  'refused',
  'unavailable',
);

/** Runs attempts one after the other, as a connection does; one that was sent behind another needs that one's effect. */
class FatedWriter implements BatchWriter {
  readonly effects: string[] = [];
  readonly #fates: Iterator<string>;
  #line: Promise<unknown> = Promise.resolve();
  /** The batch handed over last: whether its latest attempt took effect. */
  #last = { took: Promise.resolve(true) };

  constructor(fates: Iterator<string>) {
    this.#fates = fates;
  }

  /** One that is alone is tried until it is decided. */
  async commit(commands: Commands): Promise<Outcome[]> {
    const handed = { took: Promise.resolve(false) };
    this.#last = handed;
    for (;;) {
      const end = await this.#attempt(commands, handed);
      if (end === 'done') return outcomesOf(commands);
      if (end === 'refused') throw new BatchRefusedError(end);
      if (end === 'unavailable') throw new StoreUnavailableError(end);
    }
  }

  async commitBehind(commands: Commands): Promise<Outcome[] | null> {
    const before = this.#last.took;
    const handed = { took: Promise.resolve(false) };
    this.#last = handed;
    return (await this.#attempt(commands, handed, before)) === 'done' ? outcomesOf(commands) : null;
  }

  #attempt(commands: Commands, handed: { took: Promise<boolean> }, before = Promise.resolve(true)): Promise<string> {
    const ended = this.#line.then(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      const end = (await before) ? this.#fates.next().value : 'nothing';
      if (end === 'done') this.effects.push(...logsOf(commands));
      return end;
    });
    this.#line = ended;
    handed.took = ended.then((end) => end === 'done');
    return ended;
  }
}

test('whatever becomes of batches sent behind each other, effects are in the order of the calls and answers are true', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.infiniteStream(fates),
      fc.noBias(fc.array(fc.nat(4_000), { minLength: 1, maxLength: 3 })),
      async (fate, groups) => {
        const writer = new FatedWriter(fate);
        const queue = new CommitQueue(writer);
        const called: string[] = [];
        const results: Promise<PromiseSettledResult<Outcome[]>[]>[] = [];
        for (const count of groups) {
          const said = Array.from({ length: count }, (_, i) => `ch:${called.length + i}`);
          called.push(...said);
          results.push(Promise.allSettled(said.map((name) => call(queue, name))));
          await new Promise((resolve) => setImmediate(resolve));
        }
        const answers = (await Promise.all(results)).flat();
        expect(writer.effects).toEqual(called.filter((_, i) => answers[i]?.status === 'fulfilled'));
        expect(queue.size).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

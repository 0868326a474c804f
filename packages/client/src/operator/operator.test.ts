import { describe, expect, test } from 'bun:test';
import type { OperatorView } from '@konferenco/protocol';
import { ROUTES, type Route } from '@konferenco/protocol/schema';
import { clientError } from '../errors.ts';
import type { Rest } from '../types.ts';
import { type OpenOperatorOptions, OPERATOR_PATHS, openOperator } from './open-operator.ts';

const sample = (at: number) => ({
  ...{ at, connections: 1, publish_per_s: 0, deliver_per_s: 0, p99_ms: null, cpu: 0, memory: 0, commit_queue: 0 },
  all: { nodes: 1, connections: 1, publish_per_s: 0, deliver_per_s: 0 },
});
const own = { over_ms: 0, steps: [], drops: [], refusals: [], commit_queue: 0, index_lag: 0, wal_bytes: 0 };
const view = (given: Partial<OperatorView>): OperatorView => ({
  ...{ node: 'a', at: 10_000, nodes: [], parts: [], streams: { state: 'none' }, own },
  ...{ samples: [], revision: 1, events: null },
  ...given,
});
const joined = { id: 1, at: 1, what: 'node_joined', subject: 'a' } as const;

/** An operator over answers that are given one by one, and timers that fire when told. */
function start() {
  const asked: { readonly query: unknown; readonly signal: AbortSignal }[] = [];
  const waiting: { resolve(view: OperatorView): void; reject(error: unknown): void }[] = [];
  const timers: { ms: number; fn: () => void }[] = [];
  const rest = ((_route: string, { query, signal }: { query: unknown; signal: AbortSignal }) => {
    asked.push({ query, signal });
    return new Promise<OperatorView>((resolve, reject) => {
      waiting.push({ resolve, reject });
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  }) as unknown as Rest;
  const after: OpenOperatorOptions['after'] = (ms, fn) => {
    const timer = { ms, fn };
    timers.push(timer);
    return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
  };
  const operator = openOperator({ client: { rest }, now: () => 77, after });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    operator,
    asked,
    timers,
    async answer(given: Partial<OperatorView>) {
      waiting.shift()?.resolve(view(given));
      await settle();
    },
    async fail(error: unknown) {
      waiting.shift()?.reject(error);
      await settle();
    },
    async fire() {
      timers.shift()?.fn();
      await settle();
    },
  };
}

test('the addresses are those of the protocol', () => {
  const protocol = Object.entries<Route>(ROUTES).filter(([, { auth }]) => auth === 'operator');
  expect(Object.fromEntries(protocol.map(([name, { method, path }]) => [name, `${method} ${path}`]))).toEqual(
    OPERATOR_PATHS as Record<string, string>,
  );
});

describe('a watched system', () => {
  test('is put together from what comes after what is known', async () => {
    const world = start();
    world.operator.watch();
    expect(world.asked[0]?.query).toEqual({});
    await world.answer({ samples: [sample(1_000), sample(6_000)], revision: 4, events: [joined] });
    await world.fire();
    expect(world.asked[1]?.query).toEqual({ after: 6_000, revision: 4 });
    await world.answer({ at: 903_000, samples: [sample(902_000)], revision: 4 });
    const { system, heard_at, error } = world.operator.state();
    expect(system?.samples.map(({ at }) => at)).toEqual([6_000, 902_000]);
    expect(system?.events).toEqual([joined]);
    expect([heard_at, error]).toEqual([77, null]);
  });

  test('is asked for anew when another node answers', async () => {
    const world = start();
    world.operator.watch();
    await world.answer({ samples: [sample(1_000)], events: [joined] });
    await world.fire();
    await world.answer({ node: 'b' });
    expect(world.asked[2]?.query).toEqual({});
    await world.answer({ node: 'b', samples: [sample(2_000)], events: [] });
    expect(world.operator.state().system).toMatchObject({ node: 'b', samples: [{ at: 2_000 }], events: [] });
  });

  // proves OP-7
  test('that does not answer stays as it was, with the reason, and is asked again after growing pauses', async () => {
    const world = start();
    world.operator.watch();
    await world.answer({ samples: [sample(1_000)] });
    const pauses: number[] = [];
    for (let i = 0; i < 5; i++) {
      await world.fire();
      await world.fail(clientError('not_signed_in'));
      pauses.push(world.timers[0]?.ms ?? 0);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(world.operator.state()).toMatchObject({
      system: { node: 'a' },
      heard_at: 77,
      error: { name: 'KonferencoError' },
    });
    await world.fire();
    await world.answer({});
    expect(world.operator.state().error).toBeNull();
    expect(world.timers.map(({ ms }) => ms)).toEqual([1_000]);
  });

  test('whose answer does not come is not waited for longer than 5 s', async () => {
    const world = start();
    world.operator.watch();
    expect(world.timers.map(({ ms }) => ms)).toEqual([5_000]);
    await world.fire();
    expect(world.asked[0]?.signal.aborted).toBe(true);
    expect(world.operator.state().error).not.toBeNull();
  });

  // proves OP-7
  test('is not asked about while paused, and at once afterwards', async () => {
    const world = start();
    world.operator.watch();
    world.operator.watch();
    expect(world.asked).toHaveLength(1);
    world.operator.pause();
    await world.fire();
    expect([world.asked[0]?.signal.aborted, world.timers.length]).toEqual([true, 0]);
    expect(world.operator.state().error).toBeNull();
    world.operator.watch();
    expect(world.asked).toHaveLength(2);
    await world.answer({}).then(() => world.answer({}));
    world.operator.pause();
    expect(world.timers).toEqual([]);
  });
});

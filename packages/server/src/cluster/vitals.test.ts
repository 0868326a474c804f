import { expect, test } from 'bun:test';
import { Registry } from 'prom-client';
import { HotHistogram } from '../observability/histogram.ts';
import { registerSignals } from './signals.ts';
import { Vitals } from './vitals.ts';

function setUp() {
  const state = { now: 0, cpu: 0, accepted: 0, deliveries: 0, drops: 0, faults: 0 };
  const messages = new HotHistogram([0.1, 0.2, 0.4]);
  const vitals = new Vitals({
    machine: {
      ...{ cores: 2, memoryLimit: 4_000, cpuMs: () => state.cpu, residentBytes: () => 800, usedBytes: () => 1_000 },
    },
    connections: () => 3,
    users: () => 2,
    commitQueue: () => 7,
    totals: async () => ({ ...state }),
    messages,
    now: () => state.now,
  });
  const pass = async (seconds: number, each: () => void = () => {}) => {
    for (let i = 1; i < seconds; i++) {
      state.now += 1_000;
      each();
      await vitals.sample();
    }
    state.now += 1_000;
    each();
    return vitals.sample();
  };
  return { state, messages, vitals, pass };
}

test('figures are those of now, rates and shares those of the last seconds', async () => {
  const { state, vitals, pass } = setUp();
  expect(await vitals.sample()).toMatchObject({ connections: 3, users: 2, commit_queue: 7, cpu: 0, publish_per_s: 0 });
  const figures = await pass(20, () => {
    state.cpu += 500;
  });
  expect(figures.cpu).toBeCloseTo(0.25);
  expect(figures).toMatchObject({ memory_bytes: 800, memory: 0.25, p99_ms: null });
});

test('rates, drops and faults are counted over their time and then forgotten', async () => {
  const sums = { accepted: 0, deliveries: 0, drops: 5, faults: 1 };
  let now = 0;
  const vitals = new Vitals({
    machine: { cores: 1, memoryLimit: 1, cpuMs: () => 0, residentBytes: () => 0, usedBytes: () => 0 },
    ...{ connections: () => 0, users: () => 0, commitQueue: () => 0, messages: new HotHistogram([1]) },
    totals: async () => ({ ...sums }),
    now: () => now,
  });
  const second = () => {
    now += 1_000;
    return vitals.sample();
  };
  await second();
  for (let i = 0; i < 10; i++) {
    Object.assign(sums, { accepted: sums.accepted + 20, deliveries: sums.deliveries + 300 });
    await second();
  }
  sums.drops += 2;
  sums.faults += 1;
  expect(await second()).toMatchObject({ drops: 2, faults: 1 });
  for (let i = 0; i < 4; i++) await second();
  expect(await second()).toMatchObject({ publish_per_s: 0, drops: 2 });
  for (let i = 0; i < 60; i++) await second();
  expect(await second()).toMatchObject({ drops: 0, faults: 0 });
});

// proves CN-13
test('the latency is that of the last minute, and stands with the other signals among the metrics', async () => {
  const { messages, vitals, pass } = setUp();
  for (let i = 0; i < 100; i++) messages.observe(0.15);
  const figures = await pass(2);
  expect(figures.p99_ms).toBeCloseTo(199, 0);
  const registry = new Registry();
  registerSignals(registry, () => figures);
  const text = await registry.metrics();
  for (const line of ['connections_per_pod 3', 'cpu_utilization 0', 'memory_utilization 0.25'])
    expect(text).toContain(line);
  expect(Number(/^message_latency_p99 (.+)$/m.exec(text)?.[1])).toBeCloseTo(0.199, 3);
  for (let i = 0; i < 100; i++) messages.observe(0.05);
  expect((await pass(1)).p99_ms).toBeCloseTo(198, 0);
  expect((await pass(62)).p99_ms).toBeNull();
  expect((await vitals.sample()).p99_ms).toBeNull();
});

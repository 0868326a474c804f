import { expect, test } from 'bun:test';
import { Repeated } from './repeated.ts';

/** Work whose runs the test ends, and the timers it waits for. */
function repeated() {
  const timers: (() => void)[] = [];
  const runs: PromiseWithResolvers<void>[] = [];
  const faults: unknown[] = [];
  const work = new Repeated({
    clock: {
      after(_ms, fn) {
        timers.push(fn);
        return () => void timers.splice(timers.indexOf(fn), 1);
      },
    },
    every_ms: 5_000,
    work() {
      const run = Promise.withResolvers<void>();
      runs.push(run);
      return run.promise;
    },
    onFault: (error) => faults.push(error),
  });
  return { work, timers, runs, faults, fire: () => timers.shift()?.() };
}
/** Lets what was promised be told. */
const told = () => new Promise((resolve) => setImmediate(resolve));

test('a run begins when the one before has ended, also when that failed, which is told', async () => {
  const { timers, runs, faults, fire } = repeated();
  fire();
  await told();
  expect([runs.length, timers.length]).toEqual([1, 0]);
  runs[0]?.reject(new Error('no store'));
  await told();
  expect(faults).toEqual([new Error('no store')]);
  fire();
  expect(runs.length).toBe(2);
});

test('closed, it begins nothing more, and a failure of the run that was under way is nobody’s concern', async () => {
  const { work, timers, runs, faults, fire } = repeated();
  fire();
  work.close();
  runs[0]?.reject(new Error('the store is closed'));
  await told();
  expect([timers.length, faults]).toEqual([0, []]);
  const idle = repeated();
  idle.work.close();
  expect(idle.timers).toEqual([]);
});

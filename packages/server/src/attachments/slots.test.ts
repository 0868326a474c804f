import { expect, test } from 'bun:test';
import { Slots } from './slots.ts';

// proves AT-14
test('so many go on at once, so many wait, and more are told to come again; a failure frees its slot', async () => {
  const slots = new Slots(2, 1);
  const ends: (() => void)[] = [];
  let going = 0;
  const work = async () => {
    going++;
    await new Promise<void>((resolve) => ends.push(resolve));
    going--;
  };
  const failing = slots.run(async () => {
    await work();
    throw new Error('it failed');
  });
  const second = slots.run(work);
  const third = slots.run(work);
  expect(going).toBe(2);
  await expect(slots.run(work)).rejects.toMatchObject({ error: 'overloaded', retry_after_ms: 2_000 });
  ends.shift()?.();
  await expect(failing).rejects.toThrow('it failed');
  expect(going).toBe(2);
  for (const end of ends) end();
  await Promise.all([second, third]);
  await slots.run(async () => {});
  expect(going).toBe(0);
});

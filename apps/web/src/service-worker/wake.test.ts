import { expect, test } from 'bun:test';
import { StillWaitingError, wake } from './wake.ts';

function world(...ends: readonly ('done' | 'pages' | 'later')[]) {
  const log: string[] = [];
  const left = [...ends];
  const done = wake({
    wakePages: async () => void log.push('wake'),
    send: async () => {
      log.push('send');
      return left.shift() ?? 'pages';
    },
    pause: async (ms) => void log.push(`${ms}`),
  });
  return { log, done };
}

// proves AP-6
test('open pages are woken first, and given time to send', async () => {
  const { log, done } = world('pages', 'done');
  await done;
  expect(log).toEqual(['wake', 'send', '5000', 'send']);
});

// proves AP-6
test('when the last page closes meanwhile, what waits is sent without it', async () => {
  const { log, done } = world('pages', 'pages', 'done');
  await done;
  expect(log.filter((line) => line === 'send')).toHaveLength(3);
});

// proves AP-17
test('what still waits fails the wake-up, whether a page is open or not, and is looked at a few times only', async () => {
  await expect(world('later').done).rejects.toBeInstanceOf(StillWaitingError);
  const { log, done } = world();
  await expect(done).rejects.toBeInstanceOf(StillWaitingError);
  expect(log.filter((line) => line === 'send')).toHaveLength(4);
});

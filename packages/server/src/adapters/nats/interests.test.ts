import { expect, test } from 'bun:test';
import { VirtualClock } from '@konferenco/testkit';
import { Interests } from './interests.ts';

function world() {
  const clock = new VirtualClock();
  const open = new Set<string>();
  const begun: string[] = [];
  const answers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const subscriber = {
    connected: true,
    subscribe(interest: string) {
      begun.push(interest);
      open.add(interest);
      return () => void open.delete(interest);
    },
    flush: () => new Promise<void>((resolve, reject) => answers.push({ resolve, reject })),
  };
  return { clock, open, begun, answers, subscriber, interests: new Interests(subscriber, clock) };
}

async function isSettled(promise: Promise<void> | void): Promise<boolean> {
  let settled = false;
  void Promise.resolve(promise).then(() => {
    settled = true;
  });
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return settled;
}

test('following ends when the server has answered, many in one question; asked again meanwhile it is the same promise', async () => {
  const { clock, interests, answers, begun } = world();
  const first = interests.follow('ch:a');
  const other = interests.follow('ch:b');
  expect(interests.follow('ch:a')).toBe(first as Promise<void>);
  await clock.advance(1);
  expect(answers).toHaveLength(1);
  expect(await isSettled(first)).toBe(false);
  answers[0]?.resolve();
  await Promise.all([first, other]);
  expect(interests.follow('ch:a')).toBeUndefined();
  expect(begun).toEqual(['ch:a', 'ch:b']);
  interests.close();
});

// proves BU-5
test('a subscription nobody needs is kept for half a minute, and for longer when it is needed again', async () => {
  const { clock, interests, open, begun } = world();
  interests.follow('ch:a');
  interests.follow('ch:b');
  interests.unfollow('ch:a');
  interests.unfollow('ch:b');
  await clock.advance(29_000);
  expect([...open]).toEqual(['ch:a', 'ch:b']);
  interests.follow('ch:b');
  await clock.advance(10_000);
  expect([...open]).toEqual(['ch:b']);
  interests.unfollow('ch:b');
  interests.follow('ch:a');
  await clock.advance(40_000);
  expect([...open]).toEqual(['ch:a']);
  expect(begun).toEqual(['ch:a', 'ch:b', 'ch:a']);
  interests.close();
});

// proves BU-2
test('while NATS is away or hangs, nobody waits for it', async () => {
  const { clock, interests, answers, subscriber } = world();
  subscriber.connected = false;
  const away = interests.follow('ch:a');
  await clock.advance(1);
  await away;
  subscriber.connected = true;
  const hanging = interests.follow('ch:b');
  await clock.advance(1_000);
  expect(await isSettled(hanging)).toBe(false);
  await clock.advance(1_500);
  await hanging;
  const cut = interests.follow('ch:c');
  await clock.advance(1);
  answers.at(-1)?.reject(new Error('connection disconnected'));
  await cut;
  interests.close();
});

import { expect, test } from 'bun:test';
import { Door } from './admission.ts';

const RATE = { burst: 10, per_s: 5 };
const waitOf = (admission: ReturnType<Door['admit']>) => (admission.ok ? 0 : admission.retry_after_ms);

// proves CN-10
test('those beyond the rate are told to come back one by one, tickets and sockets each by themselves; a ticket is counted once', () => {
  const door = new Door(RATE, 1_000, 0);
  for (const take of [() => door.admit(0, 0), () => door.admitTicket(0)]) {
    for (let i = 0; i < RATE.burst; i++) expect(take()).toEqual({ ok: true });
    expect([take(), take(), take()].map(waitOf)).toEqual([200, 400, 600]);
  }
  expect(door.admit(0, 0, true)).toEqual({ ok: true });
  expect(door.admit(0, 200)).toEqual({ ok: true });
  expect(waitOf(door.admit(0, 200))).toBe(600);
});

test('a full node gives times far apart, a draining one none that is long', () => {
  let random = 0;
  const door = new Door(RATE, 3, 0, () => random);
  const times = () => {
    random = 0;
    const least = waitOf(door.admit(3, 0));
    random = 0.999;
    return [least, waitOf(door.admit(3, 0))];
  };
  expect(door.admit(2, 0)).toEqual({ ok: true });
  expect(times()).toEqual([5_000, 14_990]);
  door.draining = true;
  expect(times()).toEqual([1_000, 2_998]);
  expect(door.admitTicket(0)).toEqual({ ok: true });
});

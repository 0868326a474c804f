import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { LOOK_MS, TicketDesk, watchLateness } from './ticket-desk.ts';

const RATE = { burst: 5_000, per_s: 2_000 };
const desk = () => new TicketDesk(RATE, 0, () => 0.5);
/** How many of `count` who ask at `now` get a ticket. */
const issued = (at: TicketDesk, count: number, now: number) =>
  Array.from({ length: count }, () => at.take(now)).filter((wait) => wait === 0).length;

describe('a late node', () => {
  // proves CN-10
  test('issues as many tickets as are expected to be used, and the next when somebody has come in', () => {
    const late = desk();
    late.look(1_000, 1_000);
    expect(issued(late, 1_000, 1_000)).toBe(256);
    late.cameIn();
    late.cameIn();
    expect(issued(late, 10, 1_001)).toBe(2);
  });

  test('is one whose look is overdue, too', () => {
    const busy = desk();
    expect(issued(busy, 100, LOOK_MS + 150)).toBe(100);
    expect(issued(busy, 1_000, LOOK_MS + 151)).toBe(156);
  });

  test('tells people to come back as fast as it was seen to let them in', () => {
    const late = desk();
    late.look(1_000, 1_000);
    for (let n = 0; n < 400; n++) late.cameIn();
    late.look(1_000, 2_000);
    // Four tenths of 400/s, the newest look, and a quarter more.
    expect(Math.round(late.pace(2_000))).toBe(200);
    issued(late, 256, 2_000);
    expect([late.take(2_000), late.take(2_000)]).toEqual([5, 10]);
    late.look(0, 2_250);
    expect(late.pace(2_250)).toBe(RATE.per_s);
  });

  test('does not wait for ever for tickets that were used elsewhere', () => {
    const late = desk();
    late.look(1_000, 0);
    issued(late, 256, 0);
    for (let look = 1; look < 12; look++) late.look(1_000, look * LOOK_MS);
    expect(issued(late, 1, 11 * LOOK_MS)).toBe(0);
    late.look(1_000, 12 * LOOK_MS);
    expect(issued(late, 1_000, 12 * LOOK_MS)).toBe(256);
  });
});

test('a node in time issues tickets at its rate, however many are out', () => {
  const inTime = desk();
  expect(issued(inTime, 10_000, 0)).toBe(RATE.burst);
  inTime.look(10, LOOK_MS);
  expect(issued(inTime, 10_000, LOOK_MS)).toBe((RATE.per_s * LOOK_MS) / 1_000);
});

test('lateness is what the timer took beyond its time', () => {
  const looks: (readonly [number, number])[] = [];
  const timers: (() => void)[] = [];
  let now = 10_000;
  const clock = {
    now: () => now,
    after(_: number, fn: () => void) {
      timers.push(fn);
      return () => void timers.splice(timers.indexOf(fn), 1);
    },
    soon: () => {},
  };
  const end = watchLateness({ look: (late_ms, at) => void looks.push([late_ms, at]) }, clock);
  for (const passed of [LOOK_MS, LOOK_MS + 700, LOOK_MS]) {
    now += passed;
    timers.shift()?.();
  }
  expect(looks).toEqual([
    [0, 10_250],
    [700, 11_200],
    [0, 11_450],
  ]);
  end();
  expect(timers).toEqual([]);
});

interface Crowd {
  readonly people: number;
  /** Time the node needs to answer somebody, and to let somebody in. */
  readonly ask_ms: number;
  readonly enter_ms: number;
}

/** A node that does one thing after the other, looks of its desk included, and a crowd that comes to it within a second. */
class Rush {
  readonly #desk = desk();
  readonly #due = new Map<number, (() => void)[]>();
  #queue: { readonly cost_ms: number; readonly run: (now: number) => void }[] = [];
  readonly #crowd: Crowd;
  inside = 0;
  longest_ms = 0;
  mostTold = 0;

  constructor(crowd: Crowd) {
    this.#crowd = crowd;
    for (let n = 0; n < crowd.people; n++) this.#at((n * 1_000) / crowd.people, (now) => this.#ask(now, 0));
    this.#planLook(LOOK_MS);
  }

  /** Milliseconds until everybody is in. */
  run(): number {
    let work_ms = 0;
    for (let now = 0; now < 300_000; now++) {
      for (const fn of this.#due.get(now) ?? []) fn();
      this.#due.delete(now);
      work_ms++;
      let done = 0;
      for (let next = this.#queue[done]; next && work_ms >= next.cost_ms; next = this.#queue[++done]) {
        work_ms -= next.cost_ms;
        next.run(now);
      }
      this.#queue.splice(0, done);
      if (this.#queue.length === 0) work_ms = 0;
      if (this.inside === this.#crowd.people) return now;
    }
    return Number.POSITIVE_INFINITY;
  }

  #at(time: number, fn: (now: number) => void): void {
    const ms = Math.ceil(time);
    const others = this.#due.get(ms);
    const call = () => fn(ms);
    if (others) others.push(call);
    else this.#due.set(ms, [call]);
  }

  #planLook(due: number): void {
    const run = (now: number) => {
      this.#desk.look(now - due, now);
      this.#planLook(now + LOOK_MS);
    };
    this.#at(due, () => this.#queue.push({ cost_ms: 0, run }));
  }

  #ask(since: number, told: number): void {
    const run = (now: number) => {
      this.longest_ms = Math.max(this.longest_ms, now - since);
      const wait_ms = this.#desk.take(now);
      if (wait_ms === 0) return this.#enter(now);
      this.mostTold = Math.max(this.mostTold, told + 1);
      this.#at(now + wait_ms, (at) => this.#ask(at, told + 1));
    };
    this.#queue.push({ cost_ms: this.#crowd.ask_ms, run });
  }

  #enter(since: number): void {
    const run = (now: number) => {
      this.longest_ms = Math.max(this.longest_ms, now - since);
      this.#desk.cameIn();
      this.inside++;
    };
    this.#queue.push({ cost_ms: this.#crowd.enter_ms, run });
  }
}

// proves CN-10
test('a crowd at a node of any speed gets its answers within seconds, and is in hardly later than the node needs', () => {
  const enter_ms = fc.double({ min: 0.1, max: 5, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 2_000, max: 19_000 }), enter_ms, (people, enter) => {
      const rush = new Rush({ people, ask_ms: 0.1, enter_ms: enter });
      const took = rush.run();
      expect(rush.longest_ms).toBeLessThan(8_000);
      expect(rush.mostTold).toBeLessThanOrEqual(8);
      const needs = Math.max(people * (0.1 + enter), (people * 1_000) / RATE.per_s);
      expect(took).toBeLessThan(needs * 1.5 + 2_000);
    }),
    { numRuns: 20 },
  );
});

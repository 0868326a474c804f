import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { LOOK_MS, LOOKS_EXPECTED, ON_THEIR_WAY, TicketDesk, watchLateness } from './ticket-desk.ts';

const RATE = { burst: 5_000, per_s: 2_000 };
const desk = () => new TicketDesk(RATE, 0, () => 0.5);
/** How many of `count` who ask at `now` get a ticket. */
const issued = (at: TicketDesk, count: number, now: number) =>
  Array.from({ length: count }, () => at.take(now)).filter((wait) => wait === 0).length;

describe('a node that does not keep up', () => {
  // proves CN-10
  test('issues no more tickets than may be on their way, and the next when somebody has come in', () => {
    const inTime = desk();
    expect(issued(inTime, 2_000, 0)).toBe(ON_THEIR_WAY.in_time);
    inTime.cameIn();
    inTime.cameIn();
    expect(issued(inTime, 10, 1)).toBe(2);
  });

  test('has fewer on their way while its timer is late, or overdue', () => {
    const late = desk();
    late.look(1_000, 1_000);
    expect(issued(late, 2_000, 1_000)).toBe(ON_THEIR_WAY.late);
    const busy = desk();
    expect(issued(busy, 100, LOOK_MS + 150)).toBe(100);
    expect(issued(busy, 2_000, LOOK_MS + 151)).toBe(ON_THEIR_WAY.late - 100);
  });

  test('tells people to come back as fast as it was seen to let them in, and then ever faster while nobody is too many', () => {
    const late = desk();
    for (let now = LOOK_MS; now <= 10_000; now += LOOK_MS) {
      late.look(1_000, now);
      while (late.take(now) === 0);
      for (let n = 0; n < 16; n++) late.cameIn();
    }
    // A quarter more than 160/s.
    expect(Math.round(late.pace)).toBe(200);
    while (late.take(10_000) === 0);
    const [first = 0, second = 0] = [late.take(10_000), late.take(10_000)];
    expect(second - first).toBe(5);
    late.look(1_000, 10_100);
    const paces = Array.from({ length: 50 }, (_, look) => {
      late.look(1_000, 10_200 + look * LOOK_MS);
      return late.pace;
    });
    expect(paces).toEqual(paces.toSorted((a, b) => a - b));
    expect(paces.at(-1)).toBe(RATE.per_s);
  });

  test('does not wait for ever for tickets that were used elsewhere', () => {
    const late = desk();
    late.look(1_000, 0);
    issued(late, ON_THEIR_WAY.late, 0);
    for (let look = 1; look < LOOKS_EXPECTED; look++) late.look(1_000, look * LOOK_MS);
    expect(issued(late, 1, LOOKS_EXPECTED * LOOK_MS)).toBe(0);
    late.look(1_000, LOOKS_EXPECTED * LOOK_MS);
    expect(issued(late, 2_000, LOOKS_EXPECTED * LOOK_MS)).toBe(ON_THEIR_WAY.late);
  });
});

test('a node in time issues tickets at its rate when people come in as fast', () => {
  const inTime = desk();
  const come = (count: number, now: number) => {
    let came = 0;
    for (let n = 0; n < count; n++) {
      if (inTime.take(now) > 0) continue;
      came++;
      inTime.cameIn();
    }
    return came;
  };
  expect(come(10_000, 0)).toBe(RATE.burst);
  inTime.look(10, LOOK_MS);
  expect(come(10_000, LOOK_MS)).toBe((RATE.per_s * LOOK_MS) / 1_000);
});

describe('the watch', () => {
  test('tells the desk by how much the timer came late', () => {
    const { clock, pass } = timers();
    const looks: (readonly [number, number])[] = [];
    const end = watchLateness(
      { look: (late_ms, at) => void looks.push([late_ms, at]), isIdle: false, sleep: (wake) => wake() },
      clock,
    );
    for (const ms of [LOOK_MS, LOOK_MS + 700, LOOK_MS]) pass(ms);
    expect(looks).toEqual([
      [0, 10_100],
      [700, 10_900],
      [0, 11_000],
    ]);
    end();
  });

  test('does not take those who came in while the desk slept for what the node manages', () => {
    const { clock, pass } = timers();
    const watched = new TicketDesk(RATE, clock.now(), () => 0.5);
    const end = watchLateness(watched, clock);
    for (let n = 0; n < 100_000; n++) watched.cameIn();
    pass(60_000);
    for (let look = 0; look < 4; look++) {
      while (watched.take(clock.now()) === 0);
      pass(LOOK_MS);
    }
    expect(watched.pace).toBeLessThan(RATE.per_s);
    end();
  });

  test('sleeps while nobody comes, and a desk that slept is not late', () => {
    const { clock, planned, pass } = timers();
    const watched = new TicketDesk(RATE, clock.now(), () => 0.5);
    const end = watchLateness(watched, clock);
    expect(planned()).toBe(0);
    pass(60_000);
    expect(watched.take(clock.now())).toBe(0);
    expect(watched.isLate(clock.now())).toBe(false);
    for (let look = 0; look < LOOKS_EXPECTED; look++) {
      expect(planned()).toBe(1);
      pass(LOOK_MS);
    }
    expect(planned()).toBe(0);
    end();
    expect(watched.take(clock.now())).toBe(0);
    expect(planned()).toBe(0);
  });
});

/** A clock whose timers run when time passes, all that were planned before. */
function timers() {
  let now = 10_000;
  const waiting = new Set<() => void>();
  const clock = {
    now: () => now,
    after(_: number, fn: () => void) {
      const one = () => fn();
      waiting.add(one);
      return () => void waiting.delete(one);
    },
    soon: () => {},
  };
  const pass = (ms: number) => {
    now += ms;
    for (const fn of [...waiting]) {
      waiting.delete(fn);
      fn();
    }
  };
  return { clock, pass, planned: () => waiting.size };
}

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
      expect(rush.longest_ms).toBeLessThan(5_000);
      expect(rush.mostTold).toBeLessThanOrEqual(16);
      const needs = Math.max(people * (0.1 + enter), (people * 1_000) / RATE.per_s);
      expect(took).toBeLessThan(needs * 1.3 + 1_000);
    }),
    { numRuns: 20 },
  );
});

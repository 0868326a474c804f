import { beforeEach, describe, expect, test } from 'bun:test';
import { type Clock, type Command, OutcomeUnknownError, StoreUnavailableError } from '@konferenco/core';
import type { MirrorFrame } from './frames.ts';
import { Forwarder } from './forwarder.ts';
import { BEAT_MS, Link } from './link.ts';
import { encodePieces } from './pieces.ts';

/** A clock that stands still until it is moved. */
class HandClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly fn: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  soon(fn: () => void): void {
    fn();
  }

  move(ms: number): void {
    for (const end = this.#now + ms; ; ) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      this.#now = next?.at ?? end;
      if (!next) return;
      this.#timers = this.#timers.filter((one) => one !== next);
      next.fn();
    }
  }
}

const command: Command = { appends: [{ log: 'ch:a', id: 'i', sender: 's', envelope: '{}', expires_at: 1 }] };
const outcome = { kind: 'committed', at: 5, positions: [{ log: 'ch:a', offset: 1 }], pointers: [] } as const;
const failure = (of: Promise<unknown>) =>
  of.then(
    () => null,
    (error: unknown) => error,
  );

// proves UP-3, UP-4
describe('a commit of the mirror', () => {
  let clock: HandClock;
  let reach: (position: number) => void;
  let sent: MirrorFrame[];
  let forwarder: Forwarder;
  beforeEach(() => {
    clock = new HandClock();
    sent = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    reach = () => resolve();
    forwarder = new Forwarder({ clock, reached: () => promise });
    forwarder.join({ send: (frame) => sent.push(frame) });
  });

  test('is answered when its own copy has it, not before', async () => {
    let answered = false;
    const committing = forwarder.commit([command]).then((outcomes) => {
      answered = true;
      return outcomes;
    });
    expect(sent).toEqual([{ t: 'commit', ref: 1, commands: [command] }]);
    forwarder.answered({ t: 'outcome', ref: 1, outcomes: [outcome], journal: 9 });
    await Promise.resolve();
    expect(answered).toBe(false);
    reach(9);
    expect(await committing).toEqual([outcome]);
    expect(forwarder.waiting).toBe(0);
  });

  test('is refused at once without a way to the venue, and unknown when the way or the answer was lost', async () => {
    const lost = failure(forwarder.commit([command]));
    forwarder.part();
    expect(await lost).toBeInstanceOf(OutcomeUnknownError);
    const refused = await failure(forwarder.commit([command]));
    expect(refused).toBeInstanceOf(StoreUnavailableError);
    expect(refused).not.toBeInstanceOf(OutcomeUnknownError);
    forwarder.join({ send: (frame) => sent.push(frame) });
    const late = failure(forwarder.commit([command]));
    clock.move(10_000);
    expect(await late).toBeInstanceOf(OutcomeUnknownError);
    // An answer after that finds nobody.
    forwarder.answered({ t: 'outcome', ref: 2, outcomes: [outcome], journal: 0 });
    expect(forwarder.waiting).toBe(0);
  });

  test('is refused when too much waits already, and none that waits is harmed', async () => {
    const waiting = Array.from({ length: 4_096 }, () => failure(forwarder.commit([command])));
    expect(await failure(forwarder.commit([command]))).toBeInstanceOf(StoreUnavailableError);
    expect(sent).toHaveLength(4_096);
    forwarder.part();
    expect((await Promise.all(waiting)).every((error) => error instanceof OutcomeUnknownError)).toBe(true);
  });
});

// proves UP-4
describe('a connection', () => {
  const open = (clock: HandClock) => {
    const ended: string[] = [];
    const link = new Link<{ readonly t: 'beat' }>({
      wire: { send() {}, waiting: 0, close() {} },
      clock,
      beat: () => ({ t: 'beat' }),
      onFrame() {},
      onEnd: (reason) => ended.push(reason),
    });
    return { link, ended };
  };

  test('ends after two silent intervals, and not while the other side says anything', () => {
    const clock = new HandClock();
    const { link, ended } = open(clock);
    link.trust();
    const [beat] = encodePieces({ t: 'beat' });
    for (let n = 0; n < 10; n++) {
      clock.move(BEAT_MS);
      link.receive(beat ?? new Uint8Array());
    }
    expect(ended).toEqual([]);
    clock.move(3 * BEAT_MS);
    expect(ended).toEqual(['the other side is silent']);
  });

  test('with somebody who does not prove themselves ends, however much they talk', () => {
    const clock = new HandClock();
    const { link, ended } = open(clock);
    const [talk] = encodePieces({ t: 'x' });
    for (let n = 0; n < 4; n++) {
      clock.move(BEAT_MS);
      link.receive(talk ?? new Uint8Array());
    }
    expect(ended).toEqual(['the handshake took too long']);
  });
});

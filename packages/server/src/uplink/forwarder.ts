import { type Clock, type Command, type Outcome, OutcomeUnknownError, StoreUnavailableError } from '@konferenco/core';
import type { CommitError, HomeFrame, MirrorFrame } from './frames.ts';

/** Commands that may wait for the venue's answer, and the bytes of their envelopes. */
const MOST_COMMANDS = 4_096;
const MOST_BYTES = 16 * 1024 * 1024;
/** How long the venue may take to answer, and the replica to have what it answered. */
const ANSWER_MS = 10_000;

export const OUT_OF_REACH = 'the venue is out of reach';

/** The way to the venue, while there is one. */
export interface VenueEnd {
  send(frame: Extract<MirrorFrame, { t: 'commit' }>): void;
}

interface Waiting {
  readonly size: number;
  readonly bytes: number;
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: Error) => void;
  readonly cancel: () => void;
}

export interface ForwarderOptions {
  readonly clock: Clock;
  /** Resolves when the replica has the journal up to there. */
  readonly reached: (position: number) => Promise<void>;
}

/** Has the venue commit what people at the mirror do, and answers once the mirror's own copy shows it. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #waiting = new Map<number, Waiting>();
  #ref = 0;
  #commands = 0;
  #bytes = 0;
  #end: VenueEnd | null = null;
  /** Commands since the start: committed at the venue, and turned away here. */
  readonly counts = { forwarded: 0, refused: 0 };

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Commands that wait for an answer. */
  get waiting(): number {
    return this.#commands;
  }

  /**
   * @throws {StoreUnavailableError} at once, when there is no way to the venue or too much waits; nothing took effect
   * @throws {OutcomeUnknownError} when the way was lost, or the answer took too long
   */
  commit(commands: readonly Command[]): Promise<Outcome[]> {
    if (!this.#end) return this.#refuse(commands, OUT_OF_REACH);
    const bytes = sizeOf(commands);
    if (this.#commands + commands.length > MOST_COMMANDS || this.#bytes + bytes > MOST_BYTES)
      return this.#refuse(commands, `${this.#commands} commands wait for the venue`);
    const ref = ++this.#ref;
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(ANSWER_MS, () =>
        this.#settle(ref)?.reject(new OutcomeUnknownError('the venue did not answer in time')),
      );
      this.#waiting.set(ref, { size: commands.length, bytes, resolve, reject, cancel });
      this.#commands += commands.length;
      this.#bytes += bytes;
      this.#end?.send({ t: 'commit', ref, commands });
    });
  }

  join(end: VenueEnd): void {
    this.#end = end;
  }

  /** The way is gone: whether the venue heard what was sent last, nobody knows. */
  part(): void {
    this.#end = null;
    for (const ref of [...this.#waiting.keys()])
      this.#settle(ref)?.reject(new OutcomeUnknownError('the uplink was lost before the venue answered'));
  }

  answered({ ref, outcomes, journal }: Extract<HomeFrame, { t: 'outcome' }>): void {
    void this.#options.reached(journal).then(() => {
      const waiting = this.#settle(ref);
      if (!waiting) return;
      this.counts.forwarded += waiting.size;
      waiting.resolve([...outcomes]);
    });
  }

  failed({ ref, error, reason }: Extract<HomeFrame, { t: 'failed' }>): void {
    const waiting = this.#settle(ref);
    if (!waiting) return;
    this.counts.refused += waiting.size;
    waiting.reject(errorOf(error, reason));
  }

  #settle(ref: number): Waiting | null {
    const waiting = this.#waiting.get(ref);
    if (!waiting) return null;
    this.#waiting.delete(ref);
    this.#commands -= waiting.size;
    this.#bytes -= waiting.bytes;
    waiting.cancel();
    return waiting;
  }

  #refuse(commands: readonly Command[], reason: string): Promise<never> {
    this.counts.refused += commands.length;
    return Promise.reject(new StoreUnavailableError(reason));
  }
}

function errorOf(error: CommitError, reason: string): Error {
  switch (error) {
    case 'unavailable':
      return new StoreUnavailableError(reason);
    case 'unknown':
      return new OutcomeUnknownError(reason);
    case 'invalid':
      return new TypeError(reason);
  }
}

/** Roughly: what holds memory while it waits is the envelopes. */
function sizeOf(commands: readonly Command[]): number {
  let bytes = 0;
  for (const { appends } of commands) for (const { envelope } of appends ?? []) bytes += envelope.length;
  return bytes;
}

import { type Clock, encodeBusMessage, BUS_MESSAGE_OVERHEAD } from '@konferenco/core';

/** Records to one subject gather at least this long after a write, in milliseconds; after a quiet time the next leaves at once. */
const GATHER_MS = 3;
/** Bytes gathered at which the write does not wait any longer. */
const GATHER_BYTES = 1_048_576;
/** Bytes of one message at the most, whatever more the server would take: a large one holds up those behind it. */
const MESSAGE_BYTES = 262_144;
/** Bytes that may be on their way without a sign that the server read them. More means it hangs, and hints are dropped. */
const UNCONFIRMED_BYTES = 8_388_608;
/** Bytes on their way from which the server is asked for a sign. */
const ASK_FROM_BYTES = 65_536;

/** What the batches are written to. */
export interface Wire {
  readonly connected: boolean;
  /** Largest message the server takes, in bytes. */
  readonly maxPayload: number;
  publish(subject: string, text: string): void;
  /** Resolves when the server has read everything before it; rejects when the connection ends first. */
  flush(): Promise<void>;
}

/** Counts since the start. */
export interface OutgoingCounts {
  records: number;
  messages: number;
  /** Records dropped because NATS was away, hung, or would not take one of that size. */
  dropped: number;
}

interface Batch {
  records: string[];
  bytes: number;
}

/**
 * Gathers records by subject and writes them together. What waits and what is under way are both bounded: as the bus may
 * lose records, a NATS that does not read costs records, never memory.
 */
export class Outgoing {
  readonly counts: OutgoingCounts = { records: 0, messages: 0, dropped: 0 };
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #batches = new Map<string, Batch>();
  #bytes = 0;
  #planned = false;
  #cancel: () => void = () => {};
  #writtenAt = 0;
  #unconfirmed = 0;
  #asking = false;

  constructor(wire: Wire, clock: Clock) {
    this.#wire = wire;
    this.#clock = clock;
  }

  add(subject: string, record: string): void {
    const size = Buffer.byteLength(record) + 1;
    const most = Math.min(MESSAGE_BYTES, this.#wire.maxPayload) - BUS_MESSAGE_OVERHEAD;
    if (!this.#wire.connected || size > this.#wire.maxPayload - BUS_MESSAGE_OVERHEAD) {
      this.counts.dropped++;
      return;
    }
    let batch = this.#batches.get(subject);
    if (batch && batch.bytes + size > most) {
      this.#write(subject, batch);
      batch = undefined;
    }
    if (!batch) {
      batch = { records: [], bytes: 0 };
      this.#batches.set(subject, batch);
    }
    batch.records.push(record);
    batch.bytes += size;
    this.#bytes += size;
    if (this.#bytes >= GATHER_BYTES) this.flush();
    else this.#plan();
  }

  /** Writes what has gathered. */
  flush(): void {
    this.#cancel();
    this.#planned = false;
    this.#writtenAt = this.#clock.now();
    for (const [subject, batch] of this.#batches) this.#write(subject, batch);
  }

  /** Forgets what waits. */
  close(): void {
    this.#cancel();
    this.#batches.clear();
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    const rest = this.#writtenAt + GATHER_MS - this.#clock.now();
    this.#cancel = () => {};
    if (rest > 0 && rest <= GATHER_MS) this.#cancel = this.#clock.after(rest, () => this.flush());
    else this.#clock.soon(() => this.#planned && this.flush());
  }

  #write(subject: string, { records, bytes }: Batch): void {
    this.#batches.delete(subject);
    this.#bytes -= bytes;
    if (!this.#wire.connected || this.#unconfirmed + bytes > UNCONFIRMED_BYTES) {
      this.counts.dropped += records.length;
      return;
    }
    this.#wire.publish(subject, encodeBusMessage(records));
    this.counts.records += records.length;
    this.counts.messages++;
    this.#unconfirmed += bytes;
    if (this.#unconfirmed >= ASK_FROM_BYTES) this.#ask();
  }

  /** Asks the server for a sign that it read everything up to here; one question at a time. */
  #ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    const asked = this.#unconfirmed;
    const settle = (left: number) => {
      this.#asking = false;
      this.#unconfirmed = left;
      if (left >= ASK_FROM_BYTES) this.#ask();
    };
    this.#wire.flush().then(
      () => settle(this.#unconfirmed - asked),
      () => settle(0),
    );
  }
}

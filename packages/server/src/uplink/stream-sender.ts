import {
  type BusRecord,
  type Clock,
  type Command,
  type Position,
  type Store,
  StoreUnavailableError,
  encodeBusMessage,
  encodeBusRecord,
} from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';
import type { Stream } from './frames.ts';
import { JOURNAL } from './journal.ts';

/** Commands, and bytes of them, in one stream. */
const COMMANDS = 256;
const STREAM_BYTES = 512 * 1024;
/** Bytes sent and not yet applied at the mirror. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** Records that wait for their place in the stream; older ones make room. */
const MOST_RECORDS = 10_000;
/** Pause after the store could not be read. */
const AGAIN_MS = 1_000;

export interface StreamSenderOptions {
  readonly store: Pick<Store, 'read' | 'locate'>;
  readonly clock: Clock;
  /** Where the journal ends now. */
  readonly head: () => number;
  /** What the mirror has. */
  readonly position: number;
  readonly send: (stream: Stream) => void;
  /** The journal cannot be read on. */
  readonly onBroken: (reason: string) => void;
  readonly onFault: (error: unknown) => void;
  readonly onDropped: (records: number) => void;
}

interface WaitingRecord {
  readonly text: string;
  /** The mirror must have the journal up to here first. */
  readonly after: number;
}

interface Unacknowledged {
  readonly seq: number;
  readonly bytes: number;
}

/** Sends the journal, and between its entries what is said on the bus, as fast as the mirror applies it. */
export class StreamSender {
  readonly #options: StreamSenderOptions;
  #sent: number;
  #acknowledged: number;
  #seq = 0;
  #records: WaitingRecord[] = [];
  readonly #underWay: Unacknowledged[] = [];
  #underWayBytes = 0;
  #running = false;
  #closed = false;
  #cancel: () => void = () => {};

  constructor(options: StreamSenderOptions) {
    this.#options = options;
    this.#sent = options.position;
    this.#acknowledged = options.position;
  }

  /** Journal offset up to which the mirror has everything. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The journal has grown. */
  wake(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    this.#options.clock.soon(() => void this.#run());
  }

  pass(record: BusRecord): void {
    if (this.#records.length >= MOST_RECORDS) {
      this.#records = this.#records.slice(MOST_RECORDS / 10);
      this.#options.onDropped(MOST_RECORDS / 10);
    }
    this.#records.push({ text: encodeBusRecord(record), after: this.#options.head() });
    this.wake();
  }

  acknowledge({ seq, position }: { readonly seq: number; readonly position: number }): void {
    this.#acknowledged = Math.max(this.#acknowledged, position);
    for (let first = this.#underWay[0]; first && first.seq <= seq; first = this.#underWay[0]) {
      this.#underWay.shift();
      this.#underWayBytes -= first.bytes;
    }
    this.wake();
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #run(): Promise<void> {
    try {
      while (!this.#closed && this.#underWayBytes < WINDOW_BYTES && this.#hasMore()) await this.#step();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) this.#options.onFault(error);
      this.#cancel = this.#options.clock.after(AGAIN_MS, () => this.wake());
      return;
    } finally {
      this.#running = false;
    }
    // What came while the last step was waiting for the store found it running.
    if (this.#underWayBytes < WINDOW_BYTES && this.#hasMore()) this.wake();
  }

  #hasMore(): boolean {
    return this.#sent < this.#options.head() || this.#records.length > 0;
  }

  async #step(): Promise<void> {
    const entries = this.#sent < this.#options.head() ? await this.#readOn() : [];
    if (entries === null || this.#closed) return;
    const heads = await this.#headsAfter(entries.map(([, command]) => command));
    if (this.#closed) return;
    const from = this.#sent + 1;
    this.#sent += entries.length;
    const records = this.#takeRecords();
    if (entries.length === 0 && records === '') return;
    const bytes = entries.reduce((sum, [, command]) => sum + command.length, records.length);
    this.#seq++;
    this.#underWay.push({ seq: this.#seq, bytes });
    this.#underWayBytes += bytes;
    this.#options.send({ t: 'stream', seq: this.#seq, from, entries, heads, records });
  }

  /** The next commands of the journal; `null`: they are not there any more. */
  async #readOn(): Promise<(readonly [number, string])[] | null> {
    const page = await this.#options.store.read(JOURNAL, {
      after: this.#sent,
      limit: COMMANDS,
      max_bytes: STREAM_BYTES,
    });
    const entries: (readonly [number, string])[] = [];
    for (const { offset, at, envelope } of page.entries) {
      if (offset !== this.#sent + entries.length + 1 || envelope === null) return this.#break(offset);
      entries.push([at, envelope]);
    }
    return page.gap || entries.length === 0 ? this.#break(this.#sent + 1) : entries;
  }

  #break(offset: number): null {
    this.close();
    this.#options.onBroken(`The venue's journal cannot be read at ${offset}.`);
    return null;
  }

  /** Where the logs of these commands stand once the last of them is applied. */
  async #headsAfter(commands: readonly string[]): Promise<Position[]> {
    const last = new Map<LogName, string>();
    for (const json of commands) {
      for (const { log, id } of (JSON.parse(json) as Command).appends ?? []) last.set(log, id);
    }
    const found = await Promise.all(
      [...last].map(async ([log, id]) => ({ log, entry: await this.#options.store.locate(log, id) })),
    );
    return found.flatMap(({ log, entry }) => (entry ? [{ log, offset: entry.offset }] : []));
  }

  #takeRecords(): string {
    let count = 0;
    while (count < this.#records.length && (this.#records[count]?.after ?? 0) <= this.#sent) count++;
    if (count === 0) return '';
    return encodeBusMessage(this.#records.splice(0, count).map(({ text }) => text));
  }
}

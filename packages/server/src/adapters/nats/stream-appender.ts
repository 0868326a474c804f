import { type StreamEntry, type StreamName, StreamUnavailableError } from '@konferenco/core';
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type JetStreamPublishOptions,
  type PubAck,
  type StoredMsg,
} from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { encodeEntry, messageId } from './stream-codec.ts';
import { entrySubject, type StreamNaming } from './stream-config.ts';

/** Messages that are under way at once; as many are looked at when the end of a stream is in doubt. */
export const APPEND_AT_ONCE = 256;
/** How long an acknowledgement may take, in milliseconds. */
const ACK_MS = 5_000;
/** Tries of one call when another writer's messages come in between. */
const ALIGN_TRIES = 3;
/** Codes of a message that is not the next one where the stream ends; the library has no name for that of the message before. */
const OUT_OF_PLACE: ReadonlySet<number> = new Set([JetStreamApiCodes.StreamWrongLastSequence, 10_070]);

type Expected = NonNullable<JetStreamPublishOptions['expect']>;

/** An answer that does not prove that all messages are in: NATS had the last one before. */
class InDoubtError extends Error {
  override readonly name = 'InDoubtError';
}

export interface AppenderDeps {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly naming: StreamNaming;
}

/**
 * Appends to one stream in order, many at once.
 *
 * The first message names the sequence it expects before it, and each other one the message, so that one which NATS did not
 * take keeps back all that follow it; a relay that lost its leadership without knowing cannot put anything out of place, and
 * where a stranger's message comes in between, nothing is taken behind it. So the last message is in only right behind all
 * others, and its acknowledgement alone is waited for. When it is not certain what NATS has, the ids at the end of the stream
 * say so: what is in doubt is less than `APPEND_AT_ONCE` messages.
 */
export class StreamAppender {
  readonly #deps: AppenderDeps;
  readonly #stream: StreamName;
  /** Last sequence of the stream; `null`: not certain. */
  #last: number | null = null;
  #recent: ReadonlySet<string> = new Set();

  constructor(deps: AppenderDeps, stream: StreamName) {
    this.#deps = deps;
    this.#stream = stream;
  }

  /** @throws {StreamUnavailableError} */
  async append(entries: readonly StreamEntry[]): Promise<void> {
    for (let i = 0; i < entries.length; i += APPEND_AT_ONCE)
      await this.#appendPart(entries.slice(i, i + APPEND_AT_ONCE));
  }

  async #appendPart(entries: readonly StreamEntry[]): Promise<void> {
    for (let tried = 1; ; tried++) {
      try {
        const last = this.#last ?? (await this.#align());
        const missing = entries.filter((entry) => !this.#recent.has(messageId(entry)));
        await this.#publish(missing, last, tried);
        this.#last = last + missing.length;
        this.#recent = new Set();
        return;
      } catch (error) {
        this.#last = null;
        if (!isOutOfPlace(error) || tried === ALIGN_TRIES) {
          throw new StreamUnavailableError(`stream ${this.#stream} does not take messages`, { cause: error });
        }
      }
    }
  }

  /** Resolves when all are in the stream. */
  #publish(entries: readonly StreamEntry[], last: number, tried: number): Promise<void> {
    // Others write to PRESENCE as well: what is stored there, positions, is stale sooner than an outage ends.
    if (this.#stream === 'PRESENCE') return this.#publishEach(entries.map((entry) => [entry, {}]));
    const expecting = entries.map((entry, index): [StreamEntry, Expected] => {
      const before = entries[index - 1];
      return [entry, before ? { lastMsgID: messageId(before) } : { lastSequence: last }];
    });
    // Only the message that was refused first is told why; so what failed once is asked about one by one.
    return tried === 1 ? this.#publishTogether(expecting, last + entries.length) : this.#publishEach(expecting);
  }

  /** Waits for the acknowledgement of the last one, which is to be `sequence`. */
  async #publishTogether(entries: readonly [StreamEntry, Expected][], sequence: number): Promise<void> {
    const [final] = entries.slice(-1);
    if (!final) return;
    for (const [entry, { lastMsgID, lastSequence }] of entries.slice(0, -1)) {
      const head = headers();
      head.append('Nats-Msg-Id', messageId(entry));
      if (lastMsgID !== undefined) head.append('Nats-Expected-Last-Msg-Id', lastMsgID);
      if (lastSequence !== undefined) head.append('Nats-Expected-Last-Sequence', `${lastSequence}`);
      this.#deps.connection.publish(this.#subject(entry), encodeEntry(entry), { headers: head });
    }
    const { duplicate, seq } = await this.#publishOne(...final);
    if (duplicate || seq !== sequence) throw new InDoubtError(`message ${sequence} is acknowledged as ${seq}`);
  }

  /** Waits for the acknowledgement of each. @throws what the first one was answered that was not taken */
  async #publishEach(entries: readonly [StreamEntry, Expected][]): Promise<void> {
    const settled = await Promise.allSettled(entries.map((one) => this.#publishOne(...one)));
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #publishOne(entry: StreamEntry, expect: Expected): Promise<PubAck> {
    const options = { msgID: messageId(entry), timeout: ACK_MS, expect };
    return this.#deps.js.publish(this.#subject(entry), encodeEntry(entry), options);
  }

  #subject(entry: StreamEntry): string {
    return entrySubject(this.#deps.naming, entry);
  }

  /** Asks where the stream ends and what its end is. */
  async #align(): Promise<number> {
    const { manager, naming } = this.#deps;
    const name = naming.name(this.#stream);
    const { state } = await manager.streams.info(name);
    const first = Math.max(state.first_seq, state.last_seq - APPEND_AT_ONCE + 1, 1);
    const sequences = Array.from({ length: Math.max(0, state.last_seq - first + 1) }, (_, i) => first + i);
    const messages = await Promise.all(sequences.map((seq) => manager.streams.getMessage(name, { seq })));
    this.#recent = new Set(messages.flatMap((message) => idOf(message)));
    this.#last = state.last_seq;
    return state.last_seq;
  }
}

function idOf(message: StoredMsg | null): string[] {
  const id = message?.header.get('Nats-Msg-Id') ?? '';
  return id === '' ? [] : [id];
}

function isOutOfPlace(error: unknown): boolean {
  return error instanceof InDoubtError || (error instanceof JetStreamApiError && OUT_OF_PLACE.has(error.code));
}

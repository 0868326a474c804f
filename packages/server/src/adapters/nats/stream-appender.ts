import { type StreamEntry, type StreamName, StreamUnavailableError } from '@konferenco/core';
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type StoredMsg,
} from '@nats-io/jetstream';
import { encodeEntry, messageId } from './stream-codec.ts';
import { entrySubject, type StreamNaming } from './stream-config.ts';

/** Messages that are under way at once; as many are looked at when the end of a stream is in doubt. */
export const APPEND_AT_ONCE = 256;
/** How long an acknowledgement may take, in milliseconds. */
const ACK_MS = 5_000;
/** Tries of one call when another writer's messages come in between. */
const ALIGN_TRIES = 3;

/**
 * Appends to one stream in order, many at once.
 *
 * Each message names the sequence it expects before it, so that one which NATS did not take keeps back all that follow it,
 * and a relay that lost its leadership without knowing cannot put anything out of place. When it is not certain what NATS
 * has, the ids at the end of the stream say so: what is in doubt is less than `APPEND_AT_ONCE` messages.
 */
export class StreamAppender {
  readonly #js: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #naming: StreamNaming;
  readonly #stream: StreamName;
  /** Last sequence of the stream; `null`: not certain. */
  #last: number | null = null;
  #recent: ReadonlySet<string> = new Set();

  constructor(js: JetStreamClient, manager: JetStreamManager, naming: StreamNaming, stream: StreamName) {
    this.#js = js;
    this.#manager = manager;
    this.#naming = naming;
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
        return await this.#publish(
          entries.filter((entry) => !this.#recent.has(messageId(entry))),
          last,
        );
      } catch (error) {
        this.#last = null;
        if (!isOutOfPlace(error) || tried === ALIGN_TRIES) {
          throw new StreamUnavailableError(`stream ${this.#stream} does not take messages`, { cause: error });
        }
      }
    }
  }

  async #publish(entries: readonly StreamEntry[], last: number): Promise<void> {
    // Others write to PRESENCE as well: what is stored there, positions, is stale sooner than an outage ends.
    const isAlone = this.#stream !== 'PRESENCE';
    const settled = await Promise.allSettled(
      entries.map((entry, index) =>
        this.#js.publish(entrySubject(this.#naming, entry), encodeEntry(entry), {
          msgID: messageId(entry),
          timeout: ACK_MS,
          ...(isAlone ? { expect: { lastSequence: last + index } } : {}),
        }),
      ),
    );
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    this.#last = last + entries.length;
    this.#recent = new Set();
  }

  /** Asks where the stream ends and what its end is. */
  async #align(): Promise<number> {
    const name = this.#naming.name(this.#stream);
    const { state } = await this.#manager.streams.info(name);
    const first = Math.max(state.first_seq, state.last_seq - APPEND_AT_ONCE + 1, 1);
    const sequences = Array.from({ length: Math.max(0, state.last_seq - first + 1) }, (_, i) => first + i);
    const messages = await Promise.all(sequences.map((seq) => this.#manager.streams.getMessage(name, { seq })));
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
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
}

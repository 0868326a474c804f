import { type Delivery, type GroupReader, type StreamName, StreamUnavailableError } from '@konferenco/core';
import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { headers, nanos } from '@nats-io/transport-node';
import { decodeEntry } from './stream-codec.ts';
import { deadSubject, type StreamNaming } from './stream-config.ts';

/** A message nobody spoke of for this long goes to another member. */
const ACK_WAIT_MS = 30_000;
/** Deliveries after which NATS itself gives up a message, as when it makes every process die that gets it. */
const MOST_DELIVERIES = 50;
/** Batches that the members of a group may have in hand together. */
const BATCHES_IN_HAND = 8;
/** How long one request for messages stands. */
const PULL_MS = 5_000;
/** How long the acknowledgement of a dead letter may take. */
const ACK_MS = 5_000;

export const DEAD_HEADERS = {
  group: 'Konferenco-Group',
  stream: 'Konferenco-Stream',
  sequence: 'Konferenco-Sequence',
  reason: 'Konferenco-Reason',
} as const;

export interface ReaderDeps {
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly naming: StreamNaming;
}

/** Reads a stream as a member of a durable group. */
export class StreamReader implements GroupReader {
  readonly #deps: ReaderDeps;
  readonly #group: string;
  readonly #stream: StreamName;
  readonly #batch: number;
  #reading: ConsumerMessages | null = null;
  #closed = false;

  constructor(deps: ReaderDeps, group: string, stream: StreamName, batch: number) {
    this.#deps = deps;
    this.#group = group;
    this.#stream = stream;
    this.#batch = batch;
  }

  /** Makes the group, or brings its settings up to date. A new group begins with the oldest message there is. */
  async join(): Promise<void> {
    const { manager, naming } = this.#deps;
    const settings: Partial<ConsumerConfig> = {
      durable_name: this.#group,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(ACK_WAIT_MS),
      max_deliver: MOST_DELIVERIES,
      max_ack_pending: this.#batch * BATCHES_IN_HAND,
    };
    await manager.consumers.add(naming.name(this.#stream), settings);
  }

  async *batches(): AsyncGenerator<readonly Delivery[]> {
    try {
      const { js, manager, naming } = this.#deps;
      const name = naming.name(this.#stream);
      const [{ created }, consumer] = await Promise.all([
        manager.streams.info(name),
        js.consumers.get(name, this.#group),
      ]);
      while (!this.#closed) yield* this.#pull(consumer, created);
    } catch (error) {
      if (this.#closed) return;
      throw new StreamUnavailableError(`stream ${this.#stream} cannot be read`, { cause: error });
    } finally {
      this.#reading?.stop();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#reading?.stop();
  }

  /** What comes to one request, in batches of what has come already. */
  async *#pull(consumer: Consumer, incarnation: string): AsyncGenerator<readonly Delivery[]> {
    const reading = await consumer.fetch({ max_messages: this.#batch, expires: PULL_MS });
    this.#reading = reading;
    if (this.#closed) return reading.stop();
    let batch: Delivery[] = [];
    for await (const message of reading) {
      batch.push(this.#delivery(message, incarnation));
      if (reading.getPending() > 0) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  #delivery(message: JsMsg, incarnation: string): Delivery {
    const { streamSequence: sequence, deliveryCount } = message.info;
    return {
      record: decodeEntry(message.string(), { stream: this.#stream, sequence, incarnation }),
      attempt: deliveryCount,
      acknowledge: () => message.ack(),
      retryAfter: (ms) => message.nak(ms),
      working: () => message.working(),
      bury: (reason) => this.#bury(message, sequence, reason),
    };
  }

  async #bury(message: JsMsg, sequence: number, reason: string): Promise<void> {
    const { js, naming } = this.#deps;
    const head = headers();
    head.set(DEAD_HEADERS.group, this.#group);
    head.set(DEAD_HEADERS.stream, this.#stream);
    head.set(DEAD_HEADERS.sequence, `${sequence}`);
    head.set(DEAD_HEADERS.reason, reason.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500));
    try {
      await js.publish(deadSubject(naming, this.#group, this.#stream), message.data, {
        msgID: `${this.#group}/${this.#stream}/${sequence}`,
        headers: head,
        timeout: ACK_MS,
      });
    } catch (error) {
      throw new StreamUnavailableError('a dead letter could not be kept', { cause: error });
    }
    message.term();
  }
}

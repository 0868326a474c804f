import {
  type Clock,
  type DeadLetter,
  type GroupReader,
  type StreamEntry,
  type StreamName,
  type StreamReport,
  type StreamSink,
  type StreamSource,
  StreamUnavailableError,
} from '@konferenco/core';
import { JetStreamApiError, type JetStreamClient, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { errors, headers, type NatsConnection } from '@nats-io/transport-node';
import { connectNats, DEFAULT_PREFIX, type NatsOptions, parseUrl } from './connection.ts';
import { NatsStartError, startError } from './errors.ts';
import { StreamAppender } from './stream-appender.ts';
import { encodeEntry, messageId } from './stream-codec.ts';
import { ensureStreams, entrySubject, STREAM_NAMES, type StreamNaming, streamNaming } from './stream-config.ts';
import { StreamReader } from './stream-reader.ts';
import { readDeadLetters, reportStreams } from './stream-report.ts';
import { assertPrefix } from './subjects.ts';

export interface NatsStreamsOptions extends NatsOptions {
  /** Copies of each stream: 1, or 3 in a cluster of three NATS servers. */
  readonly replicas?: 1 | 3;
}

export interface NatsStreamsReport {
  readonly connected: boolean;
  readonly reconnects: number;
  /** Messages offered and dropped because NATS was away. */
  readonly dropped: number;
}

/** The streams of JetStream, for the relay, for consumers, and for the operator. */
export interface NatsStreams extends StreamSink, StreamSource {
  /** Sizes and lags. @throws {StreamUnavailableError} */
  streamsReport(): Promise<StreamReport[]>;
  /** What consumer groups gave up, newest first. @throws {StreamUnavailableError} */
  deadLetters(limit: number): Promise<DeadLetter[]>;
  describe(): NatsStreamsReport;
  close(): Promise<void>;
}

/** How long NATS may take for the answer to a question, in milliseconds. */
const ANSWER_MS = 5_000;
/** The same for an operator's view, which has more to show than the streams: JetStream may hang while NATS answers. */
const VIEW_MS = 1_000;
/** How long servers of a cluster may take to find together, and how often they are asked meanwhile. */
const GATHER_MS = 20_000;
const ASK_AGAIN_MS = 250;

/**
 * Connects to JetStream over a connection of its own, so that a backlog holds up no live copy; makes the streams or checks them.
 * @throws {NatsStartError} saying what to do, when the streams cannot be used at first.
 */
export async function openNatsStreams(options: NatsStreamsOptions): Promise<NatsStreams> {
  const root = options.prefix ?? DEFAULT_PREFIX;
  assertPrefix(root);
  const { where } = parseUrl(options.url);
  const connection = await connectNats(options, { noEcho: false });
  try {
    const naming = streamNaming(options.prefix, root);
    const manager = await prepared(connection, naming, { ...options, where });
    const viewing = await jetstreamManager(connection, { timeout: VIEW_MS, checkAPI: false });
    return new JetStreams(connection, { manager, viewing }, naming, options.onFault);
  } catch (error) {
    await connection.close();
    throw startError(error, where);
  }
}

/** JetStream's manager, once the streams are as they should be. Servers that have just started are given time to find together. */
async function prepared(
  connection: NatsConnection,
  naming: StreamNaming,
  { replicas = 1, clock, where }: { replicas?: number | undefined; clock: Clock; where: string },
): Promise<JetStreamManager> {
  if (connection.info?.jetstream !== true) throw noJetStream(where);
  const giveUpAt = clock.now() + GATHER_MS;
  for (;;) {
    try {
      const manager = await jetstreamManager(connection, { timeout: ANSWER_MS });
      await ensureStreams(manager, naming, { replicas, where });
      return manager;
    } catch (error) {
      if (error instanceof Error && error.name === 'JetStreamNotEnabled') throw noJetStream(where, error);
      if (!isGathering(error)) throw error;
      if (clock.now() >= giveUpAt) throw notGathered(where, error);
    }
    await new Promise<void>((resolve) => clock.after(ASK_AGAIN_MS, resolve));
  }
}

/** Codes of JetStream's API: servers that have no leader yet, or know too few others yet. */
const GATHERING: ReadonlySet<number> = new Set([10_005, 10_008, 10_009]);

function isGathering(error: unknown): boolean {
  return error instanceof errors.TimeoutError || (error instanceof JetStreamApiError && GATHERING.has(error.code));
}

function noJetStream(where: string, cause?: unknown): NatsStartError {
  return new NatsStartError(
    'no_jetstream',
    `NATS at ${where} has no JetStream: start it with -js and a storage folder, or allow JetStream to this account.`,
    cause,
  );
}

function notGathered(where: string, cause: unknown): NatsStartError {
  return new NatsStartError(
    'no_jetstream',
    `JetStream of NATS at ${where} does not answer: start more than half of its servers, and as many as the streams have copies.`,
    cause,
  );
}

/** `viewing`: for what an operator asks, and waits for less long. */
interface Managers {
  readonly manager: JetStreamManager;
  readonly viewing: JetStreamManager;
}

class JetStreams implements NatsStreams {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #viewing: JetStreamManager;
  readonly #js: JetStreamClient;
  readonly #naming: StreamNaming;
  readonly #appenders: ReadonlyMap<StreamName, StreamAppender>;
  readonly #readers = new Set<StreamReader>();
  #connected = true;
  #reconnects = 0;
  #dropped = 0;

  constructor(
    connection: NatsConnection,
    { manager, viewing }: Managers,
    naming: StreamNaming,
    onFault: (error: unknown) => void,
  ) {
    this.#connection = connection;
    this.#manager = manager;
    this.#viewing = viewing;
    this.#js = manager.jetstream();
    this.#naming = naming;
    const deps = { connection, js: this.#js, manager, naming };
    this.#appenders = new Map(STREAM_NAMES.map((name) => [name, new StreamAppender(deps, name)]));
    void this.#watch(onFault).catch(onFault);
  }

  async append(entries: readonly StreamEntry[]): Promise<void> {
    if (!this.#connected) throw new StreamUnavailableError('NATS is away');
    const byStream = Map.groupBy(entries, ({ stream }) => stream);
    const appended = await Promise.allSettled(
      [...byStream].map(([stream, list]) => this.#appenders.get(stream)?.append(list)),
    );
    const failed = appended.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }

  offer(entry: StreamEntry): boolean {
    if (!this.#connected) {
      this.#dropped++;
      return false;
    }
    const head = headers();
    head.set('Nats-Msg-Id', messageId(entry));
    this.#connection.publish(entrySubject(this.#naming, entry), encodeEntry(entry), { headers: head });
    return true;
  }

  async join(group: string, stream: StreamName, batch: number): Promise<GroupReader> {
    const deps = { js: this.#js, manager: this.#manager, naming: this.#naming };
    const reader = new StreamReader(deps, group, stream, batch);
    await this.#ask(() => reader.join());
    this.#readers.add(reader);
    return {
      batches: () => reader.batches(),
      close: async () => {
        this.#readers.delete(reader);
        await reader.close();
        // The server gives a member messages until it knows that the member is gone. A connection that ends tells it as well.
        if (this.#connected) await this.#connection.flush().catch(() => undefined);
      },
    };
  }

  streamsReport(): Promise<StreamReport[]> {
    return this.#ask(() => reportStreams(this.#viewing, this.#naming));
  }

  deadLetters(limit: number): Promise<DeadLetter[]> {
    return this.#ask(() => readDeadLetters(this.#viewing, this.#naming, limit));
  }

  describe(): NatsStreamsReport {
    return { connected: this.#connected, reconnects: this.#reconnects, dropped: this.#dropped };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    this.#connected = false;
    await this.#connection.close();
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    if (!this.#connected) throw new StreamUnavailableError('NATS is away');
    try {
      return await question();
    } catch (error) {
      throw new StreamUnavailableError('JetStream does not answer', { cause: error });
    }
  }

  async #watch(onFault: (error: unknown) => void): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'disconnect' || status.type === 'close') this.#connected = false;
      else if (status.type === 'reconnect') {
        this.#connected = true;
        this.#reconnects++;
      } else if (status.type === 'error') onFault(status.error);
    }
  }
}

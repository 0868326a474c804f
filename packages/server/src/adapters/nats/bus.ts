import {
  type Bus,
  type BusRecord,
  type Interest,
  interestsOf,
  busCopyFor,
  decodeBusMessage,
  encodeBusMessage,
  encodeBusRecord,
  within,
} from '@konferenco/core';
import type { Msg, NatsConnection, Status } from '@nats-io/transport-node';
import { connectNats, DEFAULT_PREFIX, type NatsOptions, parseUrl } from './connection.ts';
import { startError } from './errors.ts';
import { Interests } from './interests.ts';
import { Outgoing } from './outgoing.ts';
import { assertPrefix, everyNodeSubject, interestSubject } from './subjects.ts';

/** How the bus is doing; counts are since the start. */
export interface NatsBusReport {
  readonly connected: boolean;
  /** Host and port of the server in use, or of the last one. */
  readonly server: string;
  /** Milliseconds of the last measured round trip; `null`: none yet. */
  readonly rtt_ms: number | null;
  /** Interests with a subscription, used or kept for a while. */
  readonly interests: number;
  /** Records received from other nodes, and written for them. */
  readonly records_in: number;
  readonly records_out: number;
  /** Messages that carried them. */
  readonly messages_in: number;
  readonly messages_out: number;
  /** Records not written because NATS was away, hung, or does not take their size. */
  readonly dropped: number;
  /** Messages or records that nobody can read. */
  readonly malformed: number;
  /** Records of a kind or version this node does not know. */
  readonly unknown: number;
  /** Outages that ended. NATS cuts off a node that reads too slowly without a word, so that is one of them. */
  readonly reconnects: number;
}

export interface NatsBus extends Bus {
  /** Resolves when NATS has what was published and followed before, and this node what NATS had for it; at once while it is away. */
  flush(): Promise<void>;
  describe(): NatsBusReport;
}

/** Pause between two measured round trips. */
const MEASURE_MS = 10_000;
/** How long `caughtUp` waits for a node that is far behind. */
const CATCH_UP_MS = 10_000;
/** How long `close` waits for what was just written. */
const LAST_WRITE_MS = 1_000;
/** Taken until the server has said how much it takes. */
const SMALLEST_PAYLOAD = 65_536;

/**
 * The bus over NATS core. Own records are delivered at once; others receive those they follow, by one subject for each
 * interest, and those for every node. Outages never throw: records are lost meanwhile, counted, and found in the store.
 *
 * @throws {NatsStartError} saying what to do, when NATS cannot be used at first.
 */
export async function openNatsBus(options: NatsOptions): Promise<NatsBus> {
  const prefix = options.prefix ?? DEFAULT_PREFIX;
  assertPrefix(prefix);
  const connection = await connectNats(options, { noEcho: true });
  const bus = new CoreBus(connection, { ...options, prefix });
  try {
    await bus.start();
  } catch (error) {
    await bus.close();
    throw startError(error, parseUrl(options.url).where);
  }
  return bus;
}

class CoreBus implements NatsBus {
  readonly lossy = true;
  readonly #connection: NatsConnection;
  readonly #options: NatsOptions & { readonly prefix: string };
  readonly #receivers = new Set<(record: BusRecord) => void>();
  readonly #afterOutage: (() => void)[] = [];
  readonly #outgoing: Outgoing;
  readonly #interests: Interests;
  readonly #in = { records: 0, messages: 0, malformed: 0, unknown: 0 };
  #connected = true;
  #closing = false;
  #closed = false;
  #refused: Error | null = null;
  #reconnects = 0;
  #rtt: number | null = null;
  #cancelMeasure: () => void = () => {};

  constructor(connection: NatsConnection, options: NatsOptions & { readonly prefix: string }) {
    this.#connection = connection;
    this.#options = options;
    const self = this;
    const wire = {
      get connected() {
        return self.#connected;
      },
      get maxPayload() {
        return connection.info?.max_payload ?? SMALLEST_PAYLOAD;
      },
      publish: (subject: string, text: string) => connection.publish(subject, text),
      flush: () => connection.flush(),
    };
    this.#outgoing = new Outgoing(wire, options.clock);
    const subscriber = {
      get connected() {
        return self.#connected;
      },
      subscribe: (interest: Interest, onEnd: () => void) =>
        this.#subscribe(interestSubject(options.prefix, interest), onEnd),
      flush: wire.flush,
    };
    this.#interests = new Interests(subscriber, options.clock);
  }

  /** Subscribes to what is for every node, and tries to publish to it. @throws when the server does not allow it. */
  async start(): Promise<void> {
    void this.#watch().catch(this.#options.onFault);
    const subject = everyNodeSubject(this.#options.prefix);
    this.#subscribe(subject, () => {});
    this.#connection.publish(subject, encodeBusMessage([]));
    await this.#connection.flush();
    // What the server refused was told before it answered; the driver hands it on a little later.
    await new Promise<void>((resolve) => this.#options.clock.soon(resolve));
    if (this.#refused) throw this.#refused;
    this.#measure();
  }

  publish(record: BusRecord): void {
    this.#deliver(record);
    if (this.#closed) return;
    const { prefix } = this.#options;
    const interests = interestsOf(record);
    if (interests === null) this.#outgoing.add(everyNodeSubject(prefix), encodeBusRecord(record));
    else {
      for (const interest of interests)
        this.#outgoing.add(interestSubject(prefix, interest), encodeBusRecord(busCopyFor(record, interest)));
    }
  }

  follow(interest: Interest): void | Promise<void> {
    return this.#closed ? undefined : this.#interests.follow(interest);
  }

  unfollow(interest: Interest): void {
    this.#interests.unfollow(interest);
  }

  subscribe(receive: (record: BusRecord) => void): () => void {
    this.#receivers.add(receive);
    return () => this.#receivers.delete(receive);
  }

  onReconnect(fn: () => void): void {
    this.#afterOutage.push(fn);
  }

  caughtUp(): Promise<void> {
    return this.#answered(CATCH_UP_MS);
  }

  async flush(): Promise<void> {
    this.#outgoing.flush();
    await this.#answered(LAST_WRITE_MS);
  }

  describe(): NatsBusReport {
    const { records, messages, malformed, unknown } = this.#in;
    const out = this.#outgoing.counts;
    return {
      connected: this.#connected,
      server: this.#connection.getServer(),
      rtt_ms: this.#rtt,
      interests: this.#interests.size,
      records_in: records,
      records_out: out.records,
      messages_in: messages,
      messages_out: out.messages,
      dropped: out.dropped,
      malformed,
      unknown,
      reconnects: this.#reconnects,
    };
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.flush();
    this.#closed = true;
    this.#cancelMeasure();
    this.#interests.close();
    this.#outgoing.close();
    this.#receivers.clear();
    await this.#connection.close();
    this.#connected = false;
  }

  #subscribe(subject: string, onEnd: () => void): () => void {
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (!error) return this.#take(message);
        this.#refused ??= error;
        onEnd();
      },
    });
    return () => subscription.unsubscribe();
  }

  #take(message: Msg): void {
    if (this.#closed) return;
    const { records, malformed, unknown } = decodeBusMessage(message.string());
    this.#in.messages++;
    this.#in.records += records.length;
    this.#in.malformed += malformed;
    this.#in.unknown += unknown;
    for (const record of records) this.#deliver(record);
  }

  /** The driver stops reading when a callback throws, so that no receiver's fault may leave this place. */
  #deliver(record: BusRecord): void {
    for (const receive of this.#receivers) {
      try {
        receive(record);
      } catch (error) {
        this.#options.onFault(error);
      }
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) this.#note(status);
  }

  #note(status: Status): void {
    switch (status.type) {
      case 'disconnect':
      case 'close':
        this.#connected = false;
        return;
      case 'reconnect':
        this.#connected = true;
        this.#reconnects++;
        return void this.#resume();
      case 'error':
        this.#refused ??= status.error;
        return this.#options.onFault(status.error);
      default:
        return;
    }
  }

  /** The driver has sent all subscriptions anew; once the server has processed them, nothing more is missed. */
  async #resume(): Promise<void> {
    try {
      await this.#connection.flush();
    } catch {
      // Away again: the next return does it.
      return;
    }
    if (this.#closed) return;
    for (const fn of this.#afterOutage) {
      try {
        fn();
      } catch (error) {
        this.#options.onFault(error);
      }
    }
  }

  #measure(): void {
    const { clock } = this.#options;
    this.#cancelMeasure = clock.after(MEASURE_MS, () => this.#measure());
    if (!this.#connected) return;
    const start = performance.now();
    this.#connection.flush().then(
      () => {
        this.#rtt = performance.now() - start;
      },
      () => {
        this.#rtt = null;
      },
    );
  }

  /** Waits until the server has answered a question, which it does behind what it had before, or `ms`. */
  async #answered(ms: number): Promise<void> {
    if (this.#connected && !this.#closed) await within(this.#options.clock, ms, this.#connection.flush());
  }
}

import {
  type Clock,
  type Delivery,
  decorrelatedJitter,
  type GroupReader,
  type Random,
  StoreUnavailableError,
  type StreamName,
  type StreamRecord,
  type StreamSource,
  StreamUnavailableError,
} from '@konferenco/core';
import { GROUPS, type GroupName, type GroupPlan } from './groups.ts';
import { Pauses } from './pauses.ts';

/**
 * Handles messages, all or none of those given. A message may come again after it was handled, so that handling it twice must
 * do no more than once (see `skipRepeats`). What takes longer than 30 s comes again meanwhile.
 * @throws {StoreUnavailableError | TryLaterError} when what it needs is away: the same messages come again as long as it takes
 * @throws anything else when the messages are at fault: they are tried one by one, a few times, and then given up
 */
export type Handler = (records: readonly StreamRecord[]) => Promise<void>;

/** What a handler needs is away; no message is at fault. */
export class TryLaterError extends Error {
  override readonly name = 'TryLaterError';
}

export interface ConsumerDeps {
  readonly source: StreamSource;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of each dead letter, and of outages at their beginning. */
  readonly onFault: (error: unknown) => void;
}

/** Counts of one group on one stream since the start. */
export interface ConsumerCounts {
  handled: number;
  /** Messages whose handling failed and that come again. */
  retried: number;
  /** Messages given up. */
  dead: number;
  /** Times that the stream, or what the handler needs, was away. */
  outages: number;
}

/** Pauses while something is away. */
const BACKOFF = { base_ms: 200, cap_ms: 10_000 } as const;
/** How often messages in hand are claimed again while what the handler needs is away. */
const CLAIM_MS = 10_000;

export interface Consumers {
  describe(): { readonly group: GroupName; readonly stream: StreamName; readonly counts: Readonly<ConsumerCounts> }[];
  /** Resolves when what is in hand is handled or given back. */
  close(): Promise<void>;
}

/** Runs the groups that have a handler, as one member of each on this node. */
export function startConsumers(
  deps: ConsumerDeps,
  handlers: Readonly<Partial<Record<GroupName, Handler>>>,
  groups: Readonly<Record<GroupName, GroupPlan>> = GROUPS,
): Consumers {
  const running = (Object.entries(handlers) as [GroupName, Handler][]).flatMap(([group, handler]) =>
    groups[group].streams.map((stream) => new Consumer(deps, handler, { group, stream, plan: groups[group] })),
  );
  return {
    describe: () => running.map(({ group, stream, counts }) => ({ group, stream, counts })),
    close: async () => {
      await Promise.all(running.map((consumer) => consumer.close()));
    },
  };
}

class Consumer {
  readonly group: GroupName;
  readonly stream: StreamName;
  readonly counts: ConsumerCounts = { handled: 0, retried: 0, dead: 0, outages: 0 };
  readonly #deps: ConsumerDeps;
  readonly #plan: GroupPlan;
  readonly #handler: Handler;
  readonly #pauses: Pauses;
  readonly #ended: Promise<void>;
  #reader: GroupReader | null = null;
  #pause = 0;

  constructor(
    deps: ConsumerDeps,
    handler: Handler,
    { group, stream, plan }: { group: GroupName; stream: StreamName; plan: GroupPlan },
  ) {
    this.group = group;
    this.stream = stream;
    this.#deps = deps;
    this.#plan = plan;
    this.#handler = handler;
    this.#pauses = new Pauses(deps.clock);
    this.#ended = this.#run();
  }

  async close(): Promise<void> {
    this.#pauses.close();
    await this.#reader?.close();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#pauses.closed) {
      try {
        this.#reader ??= await this.#deps.source.join(this.group, this.stream, this.#plan.batch);
        if (this.#pauses.closed) break;
        for await (const batch of this.#reader.batches()) {
          await this.#handle(batch);
          if (this.#plan.gather_ms !== undefined) await this.#pauses.wait(this.#plan.gather_ms);
        }
      } catch (error) {
        this.#away(error);
      }
      await this.#pauses.wait(this.#pause);
    }
    await this.#reader?.close();
  }

  async #handle(batch: readonly Delivery[]): Promise<void> {
    // What comes after the end is for another member, at once.
    if (this.#pauses.closed) return giveBack(batch);
    const readable: Readable[] = [];
    for (const delivery of batch) {
      if (isReadable(delivery)) readable.push(delivery);
      else await this.#giveUp(delivery, 'nobody can read it');
    }
    if (readable.length === 0) return;
    const failure = await this.#try(readable);
    if (failure === null) return;
    if (readable.length === 1) return this.#retry(readable[0] as Readable, failure.reason);
    for (const delivery of readable) {
      const alone = await this.#try([delivery]);
      if (alone) await this.#retry(delivery, alone.reason);
    }
  }

  /** Handles and acknowledges, waiting as long as what the handler needs is away. `null`: done, or given back at the end. */
  async #try(deliveries: readonly Readable[]): Promise<{ readonly reason: unknown } | null> {
    let claimedAt = this.#deps.clock.now();
    for (;;) {
      try {
        await this.#handler(deliveries.map(({ record }) => record));
        for (const delivery of deliveries) delivery.acknowledge();
        this.counts.handled += deliveries.length;
        this.#pause = 0;
        return null;
      } catch (reason) {
        if (!isAway(reason)) return { reason };
        this.#away(reason);
      }
      await this.#pauses.wait(this.#pause);
      if (this.#pauses.closed) {
        giveBack(deliveries);
        return null;
      }
      if (this.#deps.clock.now() - claimedAt < CLAIM_MS) continue;
      claimedAt = this.#deps.clock.now();
      for (const delivery of deliveries) delivery.working();
    }
  }

  async #retry(delivery: Readable, reason: unknown): Promise<void> {
    const { tries, pauses_ms } = this.#plan;
    if (delivery.attempt >= tries) return this.#giveUp(delivery, String(reason));
    this.counts.retried++;
    delivery.retryAfter(pauses_ms[Math.min(delivery.attempt, pauses_ms.length) - 1] ?? 0);
  }

  async #giveUp(delivery: Delivery, reason: string): Promise<void> {
    await delivery.bury(reason);
    this.counts.dead++;
    this.#deps.onFault(new DeadLetterError(this.group, this.stream, delivery.record?.sequence, reason));
  }

  #away(error: unknown): void {
    if (this.#pause === 0 || !isAway(error)) this.#deps.onFault(error);
    this.counts.outages++;
    this.#pause = decorrelatedJitter(this.#pause, this.#deps.random.next(), BACKOFF);
  }
}

/** A group gave up a message; it lies among the dead letters. */
export class DeadLetterError extends Error {
  override readonly name = 'DeadLetterError';

  constructor(group: string, stream: string, sequence: number | undefined, reason: string) {
    super(`group ${group} gave up message ${sequence ?? '?'} of stream ${stream}: ${reason}`);
  }
}

function giveBack(deliveries: readonly Delivery[]): void {
  for (const delivery of deliveries) delivery.retryAfter(0);
}

type Readable = Delivery & { readonly record: StreamRecord };

function isReadable(delivery: Delivery): delivery is Readable {
  return delivery.record !== null;
}

function isAway(error: unknown): boolean {
  return (
    error instanceof StoreUnavailableError || error instanceof StreamUnavailableError || error instanceof TryLaterError
  );
}

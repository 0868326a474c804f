import { overOf } from '@konferenco/core/sync/competing-writes';
import { documentsOf } from '@konferenco/core/sync/documents';
import { type Envelope, type LogName, PRIORITY_RANK, ruleOf } from '@konferenco/protocol';
import { asError } from '../errors.ts';
import type { OutboxNews } from '../outbox-news.ts';
import type { Submission } from '../outbox-entry.ts';
import { serverError } from '../server-errors.ts';
import type { SendError } from '../types.ts';
import type { ReplicatedHost } from './host.ts';
import { type Draft, logOf, recipientOf, subtypeOf } from './operations.ts';
import type { ScopeReplica } from './scope-replica.ts';
import { type OperationStamp, Stamper } from './stamper.ts';

export interface OwnOperationsOptions {
  readonly host: ReplicatedHost;
  readonly scopeOf: (envelope: Envelope) => ScopeReplica;
  /** The server refused an operation for good, and it was taken back. */
  readonly refused: (envelope: Envelope, error: SendError) => void;
}

/** What one does to replicated state: stamped, shown at once, kept in the outbox, and sent until it is answered. */
export class OwnOperations {
  readonly #options: OwnOperationsOptions;
  readonly #stamper: Stamper;
  /** Who waits for an operation to be kept, by envelope id. */
  readonly #keeping = new Map<string, () => void>();
  /** Dots of operations that were stamped anew. */
  readonly #restamped = new Set<string>();
  #isClockTold = false;

  constructor(options: OwnOperationsOptions) {
    this.#options = options;
    this.#stamper = new Stamper({ environment: options.host.environment, now: options.host.now });
  }

  /** Later operations are stamped after this one. */
  seen({ payload }: Envelope): void {
    const { at } = payload as { readonly at?: unknown };
    if (typeof at === 'number') this.#stamper.seen(at);
  }

  /** The server's time is known. */
  clockRight(): void {
    this.#stamper.setRight();
  }

  /** Resolves when the device has kept the operation. Rejects when the outbox is full. */
  async submit(make: (stamp: OperationStamp) => Draft): Promise<Envelope> {
    const { composer, outbox, me } = this.#options.host;
    const draft = make(this.#stamper.stamp());
    const envelope = this.#knowing(
      composer.envelope({
        type: draft.type,
        subtype: subtypeOf(draft),
        to: recipientOf(draft, me()),
        payload: draft.payload,
      }),
    );
    const kept = new Promise<void>((resolve) => this.#keeping.set(envelope.id, resolve));
    const sent = outbox.add(submissionOf(logOf(draft, me()), envelope));
    try {
      // What becomes of it later is told by the outbox's news.
      await Promise.race([kept, sent]);
    } finally {
      this.#keeping.delete(envelope.id);
      sent.catch(() => undefined);
    }
    return envelope;
  }

  /** The operation with what it replaces, as far as the server's log is known here. */
  #knowing(envelope: Envelope): Envelope {
    const [document] = documentsOf(envelope);
    const key = document?.key ?? '';
    const over = overOf(envelope, key, this.#options.scopeOf(envelope).confirmed.get(key) ?? null);
    return over ? { ...envelope, payload: { ...envelope.payload, over } } : envelope;
  }

  /**
   * {@link submit} of an operation that makes up for `idle` ones: those that wait and were never sent. They are dropped,
   * and with `make` null nothing takes their place.
   */
  async instead(
    scope: ScopeReplica,
    idle: readonly Envelope[],
    make: ((stamp: OperationStamp) => Draft) | null,
  ): Promise<void> {
    const { outbox } = this.#options.host;
    const steps: Promise<unknown>[] = [];
    scope.together(() => {
      if (make) steps.push(this.submit(make));
      steps.push(...idle.map(({ id }) => outbox.discard(id)));
    });
    await Promise.all(steps);
  }

  /** What the outbox of another program on this device says of an operation: shown here too, and told there. */
  newsElsewhere(news: OutboxNews): void {
    const envelope = JSON.parse(news.entry.envelope) as Envelope;
    const scope = this.#options.scopeOf(envelope);
    switch (news.kind) {
      case 'saving':
      case 'queued':
      case 'sent':
        scope.pend({ envelope, offered: true, stored: false });
        break;
      case 'stored':
        scope.stored(envelope.id);
        break;
      case 'renamed':
        scope.takeBack(news.was);
        scope.pend({ envelope, offered: true, stored: false });
        break;
      case 'failed':
      case 'dropped':
        scope.takeBack(envelope.id);
        break;
    }
  }

  /** What the outbox says of an operation's entry. */
  news(news: OutboxNews): void {
    const envelope = JSON.parse(news.entry.envelope) as Envelope;
    const scope = this.#options.scopeOf(envelope);
    switch (news.kind) {
      case 'saving':
        scope.pend({ envelope, offered: false, stored: false });
        break;
      case 'queued':
        // One that an earlier run left behind may have been sent by it.
        scope.pend({ envelope, offered: true, stored: false });
        this.#keeping.get(envelope.id)?.();
        break;
      case 'sent':
        scope.offered(envelope.id);
        break;
      case 'stored':
        scope.stored(envelope.id);
        break;
      case 'renamed':
        scope.renamed(news.was, envelope);
        break;
      case 'dropped':
        scope.takeBack(envelope.id);
        break;
      case 'failed':
        this.#failed(scope, envelope, news);
        break;
    }
  }

  #failed(scope: ScopeReplica, envelope: Envelope, { entry, error }: OutboxNews & { kind: 'failed' }): void {
    if (error.error === 'clock_ahead' && this.#again(scope, envelope, entry.log)) return;
    scope.takeBack(envelope.id);
    this.#options.refused(envelope, error);
  }

  /** Stamps an operation anew whose clock was ahead, once. It keeps its dot: the server never took it. */
  #again(scope: ScopeReplica, envelope: Envelope, log: LogName): boolean {
    const { host } = this.#options;
    const dot = String(envelope.payload['dot']);
    if (this.#restamped.has(dot)) return false;
    this.#restamped.add(dot);
    const payload = { ...envelope.payload, at: this.#stamper.again() };
    const anew = host.composer.envelope({ ...envelope, payload });
    scope.renamed(envelope.id, anew);
    host.outbox.add(submissionOf(log, anew)).catch((thrown: unknown) => {
      // A full outbox takes nothing; every other end of it is told as news.
      const failure = asError(thrown);
      if (failure.error !== 'outbox_full') return;
      if (scope.takeBack(anew.id)) this.#options.refused(anew, failure);
    });
    if (!this.#isClockTold) host.failed(serverError('clock_ahead'));
    this.#isClockTold = true;
    return true;
  }
}

function submissionOf(log: LogName, envelope: Envelope): Submission {
  const priority = ruleOf(envelope.type, envelope.subtype)?.priority ?? 'normal';
  return { log, envelope, rank: PRIORITY_RANK[priority] };
}

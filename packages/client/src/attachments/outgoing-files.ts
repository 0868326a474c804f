import type { AttachmentRules } from '@konferenco/protocol';
import { asError, clientError, type KonferencoError } from '../errors.ts';
import { Signal } from '../events.ts';
import type { Conversation } from '../types.ts';
import type { Carrier, CarrierParts } from './carry.ts';
import * as carry from './carry.ts';
import { conversationOf } from './conversation-of.ts';
import { fileError, storeError, toSendError } from './file-error.ts';
import {
  inOrder,
  isFreedBy,
  type Job,
  judge,
  mayRenew,
  newJob,
  sentOf,
  startable,
  stateOf,
  viewOf,
} from './outgoing-job.ts';
import { anew, bytesOf, checkRules, newRecord, type OutgoingRecord, recordKey } from './outgoing-record.ts';
import type { DescribedFile, Outgoing, OutgoingState, SendFilesOptions, SentFiles } from './types.ts';

export interface OutgoingFilesOptions extends CarrierParts {
  /** Bytes at the most. */
  readonly limit: number;
  /** What locks of this account begin with. */
  readonly lockName: string;
  readonly newId: () => string;
  /** What the server takes, as far as it is known without a network. */
  readonly rules: () => AttachmentRules | null;
}

/** Messages whose files are on their way, from being written to being stored. */
export class OutgoingFiles {
  readonly #options: OutgoingFilesOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #changes = new Signal();
  #state: readonly Outgoing[] | null = null;
  /** One after the other, so that the bound holds. */
  #adding: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  readonly #carrier: Carrier;

  constructor(options: OutgoingFilesOptions) {
    this.#options = options;
    this.#carrier = { ...options, progressed: () => this.#changed() };
  }

  state(): readonly Outgoing[] {
    this.#state ??= inOrder(this.#jobs.values()).map(viewOf);
    return this.#state;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  /** Takes up what an earlier run, or another program of this device, left behind. */
  async refresh(): Promise<void> {
    const records = await carry.recordsIn(this.#options.files);
    if (this.#isClosed) return;
    for (const record of records) if (!this.#jobs.has(record.written.id)) this.#adopt(newJob(record));
    this.#changed();
  }

  add(conversation: Conversation, files: readonly DescribedFile[], options: SendFilesOptions): Promise<SentFiles> {
    const added = this.#adding.then(() => this.#add(conversation, files, options));
    this.#adding = added.catch(() => undefined);
    return added;
  }

  pause(id: string): void {
    const job = this.#jobs.get(id);
    if (!job || (job.state.kind !== 'waiting' && job.state.kind !== 'uploading')) return;
    this.#stop(job);
    this.#hold(job, { ...job.record, held: { kind: 'paused' } });
  }

  resume(id: string): void {
    const job = this.#jobs.get(id);
    if (!job || job.state.kind === 'sending' || job.state.kind === 'uploading') return;
    this.#stop(job);
    job.sleep_ms = 0;
    job.renewals = 0;
    const record = anew(job.record, this.#options.newId);
    job.sent = sentOf(record);
    this.#hold(job, record);
  }

  async cancel(id: string): Promise<void> {
    const job = this.#jobs.get(id);
    if (!job) return;
    if (job.state.kind === 'sending') return conversationOf(this.#options.client, job.record.log).discard(id);
    this.#stop(job);
    await this.#finish(job);
    job.stored.reject(clientError('discarded'));
    await carry.cancelUploads(job, this.#options.client);
  }

  /** The link changed: what waited for it begins, or begins again. */
  linked(): void {
    const { kind } = this.#options.client.link;
    for (const job of [...this.#jobs.values()].filter((one) => isFreedBy(one, kind))) {
      this.#stop(job);
      this.#free(job);
    }
    this.#schedule();
  }

  /** Forgets all of it here; what the store has is not touched. */
  close(): void {
    this.#isClosed = true;
    for (const job of this.#jobs.values()) {
      this.#stop(job);
      job.stored.reject(clientError('closed'));
      job.ended.resolve();
    }
    this.#jobs.clear();
    this.#changed();
  }

  async #add(conversation: Conversation, files: readonly DescribedFile[], said: SendFilesOptions): Promise<SentFiles> {
    const { newId, limit, rules } = this.#options;
    const record = newRecord({ log: conversation.log, written: conversation.written(), files, options: said, newId });
    checkRules(record.files, rules());
    if ((await carry.outgoingBytes(this.#options.files)) + bytesOf(record) > limit) throw fileError('files_full');
    await carry.keepNew(record, files, this.#options);
    const job = newJob(record);
    this.#adopt(job);
    this.#changed();
    return { id: job.id, stored: job.stored.promise };
  }

  #adopt(job: Job): void {
    const { environment, lockName } = this.#options;
    this.#jobs.set(job.id, job);
    environment
      .exclusively(`${lockName}/${job.id}`, () => this.#own(job))
      .catch((thrown: unknown) => this.#fail(job, storeError(thrown)));
  }

  /** No other program works on it now; it may have come to its end in one. */
  async #own(job: Job): Promise<void> {
    if (this.#jobs.get(job.id) !== job) return;
    const record = (await carry.recordsIn(this.#options.files)).find(({ written }) => written.id === job.id);
    if (this.#jobs.get(job.id) !== job) return;
    if (!record) {
      this.#jobs.delete(job.id);
      this.#changed();
      return;
    }
    // Held back by the person meanwhile, which the store is yet to hear of.
    if (!job.record.held) {
      job.record = record;
      job.sent = sentOf(record);
      job.state = stateOf(record);
    }
    job.isOwned = true;
    this.#schedule();
    await job.ended.promise;
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const isOnline = this.#options.client.link.kind === 'online';
    for (const job of this.#jobs.values()) {
      if (job.state.kind === 'waiting' && job.state.why !== 'error')
        job.state = { kind: 'waiting', why: isOnline ? 'turn' : 'link' };
    }
    if (isOnline) for (const job of startable(inOrder(this.#jobs.values()))) this.#start(job);
    this.#changed();
  }

  #start(job: Job): void {
    const run = new AbortController();
    job.run = run;
    job.state = { kind: 'uploading' };
    carry
      .uploadAll(job, this.#carrier, run.signal)
      .then(
        () => this.#deliver(job),
        (thrown: unknown) => {
          if (!run.signal.aborted) this.#troubled(job, asError(thrown));
        },
      )
      .finally(() => {
        if (job.run === run) job.run = null;
        this.#schedule();
      });
  }

  /** All files are on the server: the message goes its way. */
  #deliver(job: Job): void {
    if (this.#isClosed || this.#jobs.get(job.id) !== job) return;
    job.state = { kind: 'sending' };
    this.#changed();
    carry.handOver(job, this.#options).then(
      async (receipt) => {
        await this.#finish(job);
        job.stored.resolve(receipt);
      },
      (thrown: unknown) => this.#refused(job, asError(thrown)),
    );
  }

  async #refused(job: Job, error: KonferencoError): Promise<void> {
    if (error.error === 'closed' || this.#jobs.get(job.id) !== job) return;
    if (error.error === 'not_found' && mayRenew(job)) {
      // It waited in the outbox for longer than the server keeps files that no message carries.
      conversationOf(this.#options.client, job.record.log).discard(job.id);
      this.#renew(job);
    } else if (error.error === 'outbox_full' || error.error === 'storage') this.#troubled(job, error);
    else {
      // The conversation shows the message with what became of it.
      await this.#finish(job);
      job.stored.reject(error);
    }
    this.#schedule();
  }

  #troubled(job: Job, error: KonferencoError): void {
    const { client, environment } = this.#options;
    const isOnline = client.link.kind === 'online';
    const verdict = judge(job, error, { isOnline, random: environment.random() });
    switch (verdict.kind) {
      case 'renew':
        return this.#renew(job);
      case 'fail':
        return this.#fail(job, error);
      case 'link':
        return this.#set(job, { kind: 'waiting', why: 'link' });
      case 'again': {
        const { wait_ms } = verdict;
        job.sleep_ms = verdict.sleep_ms;
        job.cancelRetry = environment.after(wait_ms, () => {
          this.#free(job);
          this.#schedule();
        });
        const retry_at = environment.now() + wait_ms;
        return this.#set(job, { kind: 'waiting', why: 'error', error: toSendError(error), retry_at });
      }
    }
  }

  #renew(job: Job): void {
    job.renewals++;
    const files = job.record.files.map(({ attachment: _, ...file }) => ({ ...file, upload: this.#options.newId() }));
    job.sent = job.record.files.map(() => 0);
    this.#hold(job, { ...job.record, files });
  }

  #fail(job: Job, error: KonferencoError): void {
    // Those before it are on the server.
    const file = job.record.files.find(({ attachment }) => !attachment)?.name;
    const held = { kind: 'failed', error: toSendError(error), ...(file === undefined ? {} : { file }) } as const;
    this.#hold(job, { ...job.record, held });
  }

  /** The record as it is to be found after a restart, and its state. */
  #hold(job: Job, record: OutgoingRecord): void {
    job.record = record;
    job.state = stateOf(record);
    this.#options.files
      .write([{ table: 'records', key: recordKey(job.id), value: record }])
      .catch((thrown: unknown) => {
        // Said, as nothing else can be done: after a restart it goes on as it was before.
        if (!this.#isClosed) this.#set(job, { kind: 'failed', error: toSendError(storeError(thrown)) });
      });
    this.#schedule();
  }

  #set(job: Job, state: OutgoingState): void {
    job.state = state;
    this.#changed();
  }

  #free(job: Job): void {
    job.cancelRetry();
    job.state = { kind: 'waiting', why: 'turn' };
  }

  #stop(job: Job): void {
    job.cancelRetry();
    job.run?.abort(clientError('discarded'));
    job.run = null;
  }

  /** Drops a message and its files. */
  async #finish(job: Job): Promise<void> {
    this.#jobs.delete(job.id);
    this.#schedule();
    await carry.drop(job, this.#options.files).finally(job.ended.resolve);
  }

  #changed(): void {
    this.#state = null;
    this.#changes.emit();
  }
}

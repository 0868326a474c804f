import { decorrelatedJitter } from '@konferenco/core/backoff';
import type { KonferencoError } from '../errors.ts';
import type { Link, Receipt } from '../types.ts';
import type { OutgoingRecord } from './outgoing-record.ts';
import type { Outgoing, OutgoingState } from './types.ts';

/** A message on its way, as this run of the program has it. */
export interface Job {
  readonly id: string;
  record: OutgoingRecord;
  state: OutgoingState;
  /** Bytes of each file on the server, as far as known. */
  sent: number[];
  /** No other program of this device works on it. */
  isOwned: boolean;
  /** Ends the work under way. */
  run: AbortController | null;
  /** The last pause before a repeat (ms). */
  sleep_ms: number;
  cancelRetry: () => void;
  /** Times its uploads were begun anew because the server did not know them any more. */
  renewals: number;
  readonly stored: PromiseWithResolvers<Receipt>;
  /** Lets other programs of this device have it. */
  readonly ended: PromiseWithResolvers<void>;
}

export function newJob(record: OutgoingRecord): Job {
  const stored = Promise.withResolvers<Receipt>();
  // Who asked for it hears of it; of one taken up from an earlier run nobody did.
  stored.promise.catch(() => undefined);
  return {
    id: record.written.id,
    record,
    state: stateOf(record),
    sent: sentOf(record),
    isOwned: false,
    run: null,
    sleep_ms: 0,
    cancelRetry: () => {},
    renewals: 0,
    stored,
    ended: Promise.withResolvers<void>(),
  };
}

/** The state of a message nobody works on. */
export function stateOf({ held }: OutgoingRecord): OutgoingState {
  return held ?? { kind: 'waiting', why: 'turn' };
}

export function sentOf({ files }: OutgoingRecord): number[] {
  return files.map(({ size, attachment }) => (attachment ? size : 0));
}

export function viewOf({ id, record, state, sent }: Job): Outgoing {
  const { log, text, options, files } = record;
  return {
    id,
    log,
    ...(options.thread === undefined ? {} : { thread: options.thread }),
    text,
    files: files.map(({ name, type, size }, index) => ({ name, type, size, sent: sent[index] ?? 0 })),
    state,
  };
}

/** By the time of writing. */
export function inOrder(jobs: Iterable<Job>): readonly Job[] {
  return [...jobs].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Uploads at one time: of different conversations, so that one large file does not hold up everybody else. */
const RUNNING_MAX = 2;

/**
 * What may be begun now, in the order of writing: one message of each conversation at a time. One that is tried again
 * later holds back those behind it, so that their order stays; one that is paused, has failed or is in the outbox does not.
 */
export function startable(jobs: readonly Job[]): readonly Job[] {
  const taken = new Set(jobs.flatMap(({ run, record }) => (run ? [record.log] : [])));
  let room = RUNNING_MAX - jobs.filter(({ run }) => run !== null).length;
  const due: Job[] = [];
  for (const job of jobs) {
    const { state, record, run } = job;
    if (run || state.kind !== 'waiting' || taken.has(record.log)) continue;
    taken.add(record.log);
    if (!job.isOwned || state.why === 'error' || room <= 0) continue;
    due.push(job);
    room--;
  }
  return due;
}

const RETRY = { base_ms: 1_000, cap_ms: 60_000 };
/** Times a message's uploads are begun anew by themselves. */
const RENEWALS_MAX = 2;
/** The upload is not known any more, as it was not finished within a day, or its id is taken. */
const GONE: readonly string[] = ['not_found', 'id_reused'];

export function mayRenew({ renewals }: Job): boolean {
  return renewals < RENEWALS_MAX;
}

/** Errors that are over when there is a connection again. */
const PASSING: readonly string[] = ['network', 'timeout', 'disconnected'];

/**
 * Whether a change of the link ends what a message is at: without a network a request that nobody will answer, with a
 * connection the pause after one that failed for want of it.
 */
export function isFreedBy({ state, run }: Job, link: Link['kind']): boolean {
  if (link === 'offline') return run !== null;
  return link === 'online' && state.kind === 'waiting' && state.why === 'error' && PASSING.includes(state.error.error);
}

/** What a failure means: begin the uploads anew, wait for the person, for the link, or for some time (ms). */
export type Verdict =
  | { readonly kind: 'renew' | 'fail' | 'link' }
  | { readonly kind: 'again'; readonly wait_ms: number; readonly sleep_ms: number };

export function judge(
  job: Job,
  error: KonferencoError,
  { isOnline, random }: { readonly isOnline: boolean; readonly random: number },
): Verdict {
  if (GONE.includes(error.error) && mayRenew(job)) return { kind: 'renew' };
  // A quota is over for the day: the person decides whether it is to wait.
  if (error.recourse !== 'later' || error.error === 'quota_exceeded') return { kind: 'fail' };
  if (!isOnline) return { kind: 'link' };
  const sleep_ms = decorrelatedJitter(job.sleep_ms, random, RETRY);
  return { kind: 'again', sleep_ms, wait_ms: error.retry_after_ms ?? sleep_ms };
}

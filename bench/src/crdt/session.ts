import { identityOf } from './identity.ts';
import { processorMs } from './processor.ts';
import type { DocumentType, Payload, Replica } from './replica.ts';
import type { Trace } from './trace.ts';

/** When a trace begins, Unix ms, and how much later each operation is. */
const BEGIN_MS = 1_790_000_000_000;
const STEP_MS = 37;

/** Replicas of one document, the founder and readers included, have numbers below this. */
const REPLICAS = 64;
/** Of the first document; it writes nothing. */
export const READER = 63;

/** One update and the document it is of. */
export interface Sent {
  readonly document: number;
  readonly update: Payload;
}

export interface Session {
  /** Processor time of local operations, ms. */
  readonly local_ms: number;
  /** Every update, in the order in which a reader gets them: writers' in turns, each writer's own in order. */
  readonly sent: readonly Sent[];
}

/** The state from which every replica of a trace's documents begins. */
export function found<I>(type: DocumentType<I>, { writers, setup }: Trace<I>): Payload {
  const founder = identityOf(writers);
  const empty = type.empty(founder);
  if (setup.length === 0) return empty;
  const replica = type.open(empty, founder);
  for (const intent of setup) replica.apply(intent, BEGIN_MS - 1);
  const state = replica.save();
  replica.free();
  return state;
}

/** One reader for each document, from the founding state. */
export function readers<I>(type: DocumentType<I>, base: Payload, { documents }: Trace<I>): Replica<I>[] {
  return Array.from({ length: documents }, (_, document) => type.open(base, identityOf(document * REPLICAS + READER)));
}

/** Lets the writers do what the trace says; they hear of each other between rounds, which is not timed. */
export function write<I>(type: DocumentType<I>, base: Payload, trace: Trace<I>): Session {
  const replicas = Array.from({ length: trace.documents }, (_, document) =>
    Array.from({ length: trace.writers }, (_, writer) => type.open(base, identityOf(document * REPLICAS + writer))),
  );
  const sent: Sent[] = [];
  let local_ms = 0;
  let now = BEGIN_MS;
  trace.rounds.forEach((turns, round) => {
    const said: { document: number; writer: number; updates: Payload[] }[] = [];
    for (const { document, writer, intents } of turns) {
      const replica = replicas[document]?.[writer];
      if (!replica) throw new RangeError('the trace names a writer that is not there');
      const updates: Payload[] = [];
      const start = processorMs();
      for (const intent of intents) {
        now += STEP_MS;
        updates.push(replica.apply(intent, now));
      }
      local_ms += processorMs() - start;
      said.push({ document, writer, updates });
    }
    for (const one of inTurns(said)) sent.push(one);
    if (round + 1 < trace.rounds.length) deliver(replicas, said);
  });
  for (const replica of replicas.flat()) replica.free();
  return { local_ms, sent };
}

interface Said {
  readonly document: number;
  readonly writer: number;
  readonly updates: readonly Payload[];
}

function inTurns(said: readonly Said[]): Sent[] {
  const longest = Math.max(0, ...new Set(said.map(({ updates }) => updates.length)));
  const sent: Sent[] = [];
  for (let nth = 0; nth < longest; nth += 1) {
    for (const { document, updates } of said) {
      const update = updates[nth];
      if (update !== undefined) sent.push({ document, update });
    }
  }
  return sent;
}

function deliver<I>(replicas: readonly (readonly Replica<I>[])[], said: readonly Said[]): void {
  replicas.forEach((writers, document) => {
    writers.forEach((replica, writer) => {
      const others = said.filter((one) => one.document === document && one.writer !== writer);
      if (others.length > 0) replica.mergeAll(inTurns(others).map(({ update }) => update));
    });
  });
}

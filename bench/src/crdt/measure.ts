import { bytesIn, type DocumentType, type Payload, type Replica } from './replica.ts';
import { processorMs } from './processor.ts';
import { found, readers, type Sent, type Session, write } from './session.ts';
import { operationsIn, type Trace } from './trace.ts';

/**
 * Figures of one library on one trace. Rates are operations per second of processor time, which others on the machine
 * change less than wall time; bytes of updates are per operation.
 */
export interface Figures {
  readonly local_per_s: number;
  /** The last operations of the trace, one by one, into a document that has all the others. */
  readonly remote_per_s: number;
  readonly batch_per_s: number;
  readonly wire_bytes: number;
  /** The updates in a row, compressed as one stream. */
  readonly wire_gzip: number;
  readonly batch_bytes: number;
  readonly batch_gzip: number;
  /** All documents, bytes. */
  readonly rest_bytes: number;
  /** Each document compressed by itself. */
  readonly rest_gzip: number;
  /** From bytes to content that was read once, ms of processor time, all documents. */
  readonly load_ms: number;
}

/** The figures, and the states that they were taken of. */
export interface Measured {
  readonly figures: Figures;
  readonly states: readonly Payload[];
}

/** What is quicker than this is repeated until it took so long, ms. */
const SHORTEST_MS = 150;
const MOST_TIMES = 40;

export interface MeasureOptions {
  /** Operations at the end that are merged one by one. */
  readonly live: number;
  readonly shortest_ms?: number;
}

/** @throws {Error} when a replica does not show what the trace expects: its figures would mean nothing. */
export function measure<I>(
  type: DocumentType<I>,
  trace: Trace<I>,
  { live: count, shortest_ms = SHORTEST_MS }: MeasureOptions,
): Measured {
  const operations = operationsIn(trace);
  const perSecond = (ms: number) => (operations / ms) * 1_000;
  const base = found(type, trace);
  const session = writeRepeatedly({ type, base, trace, shortest_ms });
  const logs = logsOf(session.sent, trace.documents);

  const earlier = logsOf(session.sent.slice(0, -count), trace.documents);
  const live = session.sent.slice(-count);
  const one = repeatedly(
    shortest_ms,
    () => {
      const replicas = readers(type, base, trace);
      replicas.forEach((replica, document) => {
        replica.mergeAll(earlier[document] ?? []);
      });
      return replicas;
    },
    (replicas) => {
      for (const { document, update } of live) replicas[document]?.merge(update);
    },
  );
  assertShown(one.replicas, trace, 'one by one');
  const batches = one.replicas.map((replica, document) => replica.batch(logs[document] ?? []));
  free(one.replicas);

  const many = repeatedly(
    shortest_ms,
    () => readers(type, base, trace),
    (replicas) => {
      replicas.forEach((replica, document) => {
        replica.mergeBatch(batches[document] ?? '');
      });
    },
  );
  assertShown(many.replicas, trace, 'in a batch');
  const states = many.replicas.map((replica) => replica.save());
  free(many.replicas);

  const loaded = repeatedly(
    shortest_ms,
    () => [] as Replica<I>[],
    (replicas) => {
      for (const state of states) {
        const [replica] = readers(type, state, { ...trace, documents: 1 });
        if (!replica) throw new Error('no reader');
        replicas.push(replica);
        replica.content();
      }
    },
  );
  assertShown(loaded.replicas, trace, 'loaded');
  free(loaded.replicas);

  const figures = {
    local_per_s: perSecond(session.local_ms),
    remote_per_s: (live.length / one.ms) * 1_000,
    batch_per_s: perSecond(many.ms),
    wire_bytes: total(session.sent.map(({ update }) => update)) / operations,
    wire_gzip: gzipped(session.sent.map(({ update }) => update)) / operations,
    batch_bytes: total(batches) / operations,
    batch_gzip: sum(batches.map((batch) => gzipped([batch]))) / operations,
    rest_bytes: total(states),
    rest_gzip: sum(states.map((state) => gzipped([state]))),
    load_ms: loaded.ms,
  };
  return { figures, states };
}

interface Writing<I> {
  readonly type: DocumentType<I>;
  readonly base: Payload;
  readonly trace: Trace<I>;
  readonly shortest_ms: number;
}

function writeRepeatedly<I>({ type, base, trace, shortest_ms }: Writing<I>): Session {
  let [times, ms] = [0, 0];
  for (;;) {
    Bun.gc(true);
    const session = write(type, base, trace);
    times += 1;
    ms += session.local_ms;
    if (ms >= shortest_ms || times >= MOST_TIMES) return { ...session, local_ms: ms / times };
  }
}

/** Repeats timed work, each time on new replicas. @returns the last replicas, and the mean processor time. */
function repeatedly<I>(
  shortest_ms: number,
  open: () => Replica<I>[],
  work: (replicas: Replica<I>[]) => void,
): { readonly replicas: readonly Replica<I>[]; readonly ms: number } {
  let [times, ms] = [0, 0];
  for (;;) {
    const replicas = open();
    Bun.gc(true);
    const start = processorMs();
    work(replicas);
    ms += processorMs() - start;
    times += 1;
    if (ms >= shortest_ms || times >= MOST_TIMES) return { replicas, ms: ms / times };
    free(replicas);
  }
}

function logsOf(sent: readonly Sent[], documents: number): readonly (readonly Payload[])[] {
  const logs = Array.from({ length: documents }, () => [] as Payload[]);
  for (const { document, update } of sent) logs[document]?.push(update);
  return logs;
}

function assertShown<I>(replicas: readonly Replica<I>[], { expected, seen }: Trace<I>, how: string): void {
  replicas.forEach((replica, document) => {
    const content = replica.content();
    if (!Bun.deepEquals(seen ? seen(content) : content, expected[document])) {
      throw new Error(`document ${document}, merged ${how}, does not show what the trace expects`);
    }
  });
}

function free<I>(replicas: readonly Replica<I>[]): void {
  for (const replica of replicas) replica.free();
}

function total(payloads: readonly Payload[]): number {
  return sum(payloads.map(bytesIn));
}

function gzipped(payloads: readonly Payload[]): number {
  return Bun.gzipSync(Buffer.concat(payloads.map((payload) => Buffer.from(payload as Uint8Array)))).byteLength;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((before, number) => before + number, 0);
}

/**
 * One library on one trace, in a process of its own; prints one line of JSON.
 *
 * - `main.ts measure LIBRARY TRACE SEED SCALE FILE`: the figures; the states go to FILE
 * - `main.ts memory LIBRARY TRACE SEED SCALE FILE`: resident memory of documents loaded from FILE, bytes
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { identityOf } from './identity.ts';
import { LIBRARIES, type LibraryName } from './libraries/catalogue.ts';
import { type Figures, measure } from './measure.ts';
import type { DocumentType, Library, Payload } from './replica.ts';
import { found, READER, readers } from './session.ts';
import { packStates, unpackStates } from './state-file.ts';
import type { Intents, Kind, Trace, TraceOptions } from './trace.ts';
import { TRACES, type TraceEntry, type TraceName } from './traces/catalogue.ts';

/** Share of the trace, and another seed, on which everything runs once before it is measured. */
const WARM_UP = { share: 0.1, seed: 1 };
const TINY = 0.01;
const SETTLE_MS = 400;

/** A trace and the type that can do it. */
interface Subject<I> {
  readonly type: DocumentType<I>;
  readonly generate: (options: TraceOptions) => Trace<I>;
  readonly copies: number;
  readonly live: number;
}

function subjectOf<K extends Kind>({ types }: Library, { kind, ...entry }: TraceEntry<K>): Subject<Intents[K]> {
  return { type: types[kind], ...entry };
}

function measureSubject<I>({ type, generate, live }: Subject<I>, { seed, scale }: TraceOptions, file: string): Figures {
  measure(type, generate({ seed: seed + WARM_UP.seed, scale: scale * WARM_UP.share }), { live });
  const { figures, states } = measure(type, generate({ seed, scale }), { live });
  writeFileSync(file, packStates(states));
  return figures;
}

/** Resident memory that the loaded documents add once they were read, for one copy of each. */
async function memoryOf<I>({ type, generate, copies }: Subject<I>, file: string): Promise<{ readonly memory: number }> {
  const states = unpackStates(readFileSync(file));
  const trace = generate({ seed: WARM_UP.seed, scale: TINY });
  const [tiny] = readers(type, found(type, trace), { ...trace, documents: 1 });
  tiny?.content();
  const before = await residentBytes();
  const held = load(type, states, copies);
  const after = await residentBytes();
  if (held.length !== states.length * copies) throw new Error('not everything was loaded');
  tiny?.free();
  return { memory: (after - before) / copies };
}

function load<I>(type: DocumentType<I>, states: readonly Payload[], copies: number): unknown[] {
  const reader = identityOf(READER);
  return Array.from({ length: copies }, () => states)
    .flat()
    .map((state) => {
      const replica = type.open(state, reader);
      replica.content();
      return replica;
    });
}

async function residentBytes(): Promise<number> {
  Bun.gc(true);
  await setTimeout(SETTLE_MS);
  Bun.gc(true);
  await setTimeout(SETTLE_MS);
  return process.memoryUsage.rss();
}

async function main([command, library, trace, seed, scale, file = '']: readonly string[]): Promise<void> {
  const subject = subjectOf(await LIBRARIES[library as LibraryName](), TRACES[trace as TraceName]);
  const options = { seed: Number(seed), scale: Number(scale) };
  const answer = command === 'memory' ? await memoryOf(subject, file) : measureSubject(subject, options, file);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

await main(process.argv.slice(2));

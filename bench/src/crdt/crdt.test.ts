import { expect, test } from 'bun:test';
import { LIBRARIES, type LibraryName } from './libraries/catalogue.ts';
import { measure } from './measure.ts';
import type { Library } from './replica.ts';
import { packStates, unpackStates } from './state-file.ts';
import { operationsIn, type Kind, type Trace } from './trace.ts';
import { TRACES, type TraceEntry, type TraceName } from './traces/catalogue.ts';

const SMALL = { seed: 7, scale: 0.02 };
const names = Object.keys(TRACES) as TraceName[];

function measured<K extends Kind>(library: Library, { kind, generate }: TraceEntry<K>) {
  return measure(library.types[kind], generate(SMALL), { live: 50, shortest_ms: 0 });
}

test('every library ends each trace with what the trace expects, merged singly, in a batch and loaded', async () => {
  for (const name of Object.keys(LIBRARIES) as LibraryName[]) {
    const library = await LIBRARIES[name]();
    for (const trace of names) {
      const { figures } = measured(library, TRACES[trace]);
      for (const figure of Object.values(figures)) expect(figure).toBeGreaterThan(0);
    }
  }
}, 180_000);

test('a library that ends elsewhere is refused', async () => {
  const { types } = await LIBRARIES.konferenco();
  const trace = TRACES.counters.generate(SMALL);
  const wrong = { ...trace, expected: [{ 'counter-100': -1 }] };
  expect(() => measure(types.counters, wrong, { live: 50, shortest_ms: 0 })).toThrow(
    'does not show what the trace expects',
  );
});

test('a seed means one trace, another seed another, and full size is what the documents say', () => {
  for (const name of names) {
    const generate: (options: typeof SMALL) => Trace<unknown> = TRACES[name].generate;
    expect(generate(SMALL)).toEqual(generate(SMALL));
    expect(generate({ ...SMALL, seed: 8 })).not.toEqual(generate(SMALL));
  }
  const full = names.map((name) => [
    name,
    operationsIn(TRACES[name].generate({ seed: 42, scale: 1 }) as Trace<unknown>),
  ]);
  expect(Object.fromEntries(full)).toEqual({
    text: 50_000,
    chat: 5_000,
    favourites: 50_000,
    'one-person': 1_000,
    programme: 5_000,
    counters: 100_000,
    agenda: 2_000,
  });
});

test('states come back from their file as they were, texts as texts', () => {
  expect(unpackStates(packStates(['{"a":"é"}', '']))).toEqual(['{"a":"é"}', '']);
  expect(unpackStates(packStates([new Uint8Array([1, 2]), new Uint8Array([3])]))).toEqual([
    new Uint8Array([1, 2]),
    new Uint8Array([3]),
  ]);
});

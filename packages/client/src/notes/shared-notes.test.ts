import { beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { ReplicaWorld } from '../testing/replica-world.ts';
import { MeetingNotes, TYPING_MS } from './shared-notes.ts';

beforeAll(() => import('../sync/open-replicated.ts'));

const HOUR = 3_600_000;

/** Two people with a meeting that both know of, and its notes open on both sides. */
async function twoWriters() {
  const world = new ReplicaWorld(1);
  const mere = await world.device('mere');
  const ana = await world.device('ana');
  await world.pass(2_000);
  const starts_at = world.clock.now() + HOUR;
  const meeting = await mere.client.meetings.request({
    with: 'ana',
    title: 'Soil',
    starts_at,
    ends_at: starts_at + HOUR,
  });
  await world.pass(500);
  return { world, mere, ana, meeting };
}

/** Notes without a client around: what they send is kept, what they are given is merged. */
function alone(clock: VirtualClock, id: number) {
  const given: string[] = [];
  const sent: string[] = [];
  const refused = new Set<string>();
  let refusals = 0;
  let openings = 0;
  let tell = () => {};
  const notes = new MeetingNotes({
    environment: { after: clock.after, randomBytes: () => new Uint8Array([0, 0, id, openings++]) },
    updates: () => [...given, ...sent.filter((update) => !refused.has(update))],
    refusals: () => refusals,
    subscribe: (fn) => {
      tell = fn;
      return () => {};
    },
    keep: () => {},
    send: (updates) => sent.push(...updates),
  });
  return {
    notes,
    sent,
    give: (update: string) => {
      given.push(update);
      tell();
    },
    refuse: (update: string) => {
      refused.add(update);
      refusals++;
      tell();
    },
  };
}

// proves RP-10
test('what was typed right before the program was killed is in the minutes, and sent', async () => {
  const { world, mere, ana, meeting } = await twoWriters();
  const notes = await mere.client.meetings.notes(meeting);
  notes.edit('Kia ora');
  await world.pass(TYPING_MS);
  await mere.network(false);
  notes.edit('Kia ora koutou');
  await world.pass(1);
  notes.edit('Kia ora koutou katoa');
  await world.pass(1);
  mere.kill();
  await mere.start();
  await world.pass(100);
  expect((await mere.client.meetings.notes(meeting)).text()).toBe('Kia ora koutou katoa');
  await mere.network(true);
  await world.pass(30_000);
  expect((await ana.client.meetings.notes(meeting)).text()).toBe('Kia ora koutou katoa');
  expect(await mere.store.list('meta', { prefix: 'typed/', limit: 9 })).toEqual([]);
});

describe('shared notes', () => {
  // proves RP-10
  test('written by both without a network keep every word of both', async () => {
    const { world, mere, ana, meeting } = await twoWriters();
    const [hers, theirs] = await Promise.all([mere.client.meetings.notes(meeting), ana.client.meetings.notes(meeting)]);
    hers.text();
    hers.edit('Soil and water.');
    await world.pass(2_000);
    expect(theirs.text()).toBe('Soil and water.');
    await mere.network(false);
    await ana.network(false);
    hers.text();
    hers.edit('Clay soil and water.');
    theirs.edit('Soil and water. Ask Tama.');
    await world.pass(1_000);
    await mere.network(true);
    await ana.network(true);
    await world.pass(40_000);
    expect(hers.text()).toBe('Clay soil and water. Ask Tama.');
    expect(theirs.text()).toBe(hers.text());
  });

  // proves RP-10, RP-1
  test('are on the device after a restart without a network, what waits to be sent included', async () => {
    const { world, mere, meeting } = await twoWriters();
    const notes = await mere.client.meetings.notes(meeting);
    notes.text();
    notes.edit('First.');
    await world.pass(2_000);
    await mere.network(false);
    notes.edit('First. Second.');
    await world.pass(TYPING_MS + 100);
    mere.kill();
    await mere.start();
    await world.pass(100);
    expect((await mere.client.meetings.notes(meeting)).text()).toBe('First. Second.');
    expect(mere.client.meetings.state().items).toMatchObject([{ id: meeting, pending: true }]);
  });

  // proves RP-10
  test('an edit made of a text that changed meanwhile takes nothing away that was not in it', () => {
    const clock = new VirtualClock();
    const [mere, ana] = [alone(clock, 1), alone(clock, 2)];
    mere.notes.edit('one two three');
    mere.notes.close();
    for (const update of mere.sent) ana.give(update);
    const shown = ana.notes.text();
    const other = alone(clock, 3);
    for (const update of mere.sent) other.give(update);
    other.notes.text();
    other.notes.edit('one NEW two three');
    other.notes.close();
    // It comes after the text was read and before the edit of it is made.
    for (const update of other.sent) ana.give(update);
    expect(ana.notes.moved(8)).toBe(12);
    ana.notes.edit(shown.replace('one two ', 'four '));
    expect(ana.notes.text()).toContain('NEW');
    expect(ana.notes.text().replace('NEW ', '').trim()).toBe('four three');
  });

  // proves RP-10
  test('what is pasted goes in updates that fit their envelopes', async () => {
    const clock = new VirtualClock();
    const [writer, reader] = [alone(clock, 1), alone(clock, 2)];
    const text = '🥝 ā kūmara '.repeat(2_000);
    writer.notes.edit(text);
    await clock.pass(TYPING_MS);
    expect(writer.sent.length).toBeGreaterThan(1);
    for (const update of writer.sent) expect(update.length).toBeLessThanOrEqual(7_800);
    for (const update of writer.sent.toReversed()) reader.give(update);
    expect(reader.notes.text()).toBe(text);
  });

  // proves RP-10, RP-5
  test('typing is collected into one operation, and a refused one is taken out of the text again', async () => {
    const clock = new VirtualClock();
    const { notes, sent, refuse } = alone(clock, 1);
    for (const text of ['K', 'Ki', 'Kia']) notes.edit(text);
    await clock.pass(TYPING_MS);
    expect(sent).toHaveLength(1);
    notes.edit('Kia ora');
    await clock.pass(TYPING_MS);
    refuse(sent[1] ?? '');
    expect(notes.text()).toBe('Kia');
    notes.edit('Kia!');
    notes.keep();
    expect(sent).toHaveLength(3);
    notes.close();
    expect(sent).toHaveLength(3);
  });

  // proves RP-10
  test('any edits of two, delivered in any order and repeatedly, end in the same text with every word', () => {
    const edit = fc.record({
      who: fc.nat(1),
      at: fc.nat(99),
      cut: fc.nat(3),
      word: fc.constantFrom('kia', 'ora', '🥝', 'ā', ''),
    });
    const order = fc.array(fc.nat(1_000), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 20 }), order, (edits, keys) => {
        const clock = new VirtualClock();
        const writers = [alone(clock, 1), alone(clock, 2)] as const;
        for (const { who, at, cut, word } of edits) {
          const units = [...writers[who === 0 ? 0 : 1].notes.text()];
          const from = Math.min(at, units.length);
          const to = Math.min(from + cut, units.length);
          writers[who === 0 ? 0 : 1].notes.edit([...units.slice(0, from), word, ...units.slice(to)].join(''));
          // Sent at once, so that there are many to put out of order.
          writers[who === 0 ? 0 : 1].notes.edit(`${writers[who === 0 ? 0 : 1].notes.text()}`);
        }
        for (const { notes } of writers) notes.close();
        const updates = writers.flatMap(({ sent }) => sent);
        const shuffled = updates
          .flatMap((update, index) => [
            { update, key: keys[index % keys.length] ?? 0 },
            { update, key: keys[(index + 7) % keys.length] ?? 0 },
          ])
          .sort((a, b) => a.key - b.key);
        const readers = [alone(clock, 3), alone(clock, 4)] as const;
        for (const { update } of shuffled) readers[0].give(update);
        for (const { update } of shuffled.toReversed()) readers[1].give(update);
        expect(readers[0].notes.text()).toBe(readers[1].notes.text());
        expect(readers[0].notes.text().isWellFormed()).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  // proves RP-10
  test('words that nobody took out are all in the end, whatever both wrote at once', async () => {
    const insertion = fc.record({ who: fc.boolean(), at: fc.nat(99), meets: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(insertion, { maxLength: 15 }), (insertions) => {
        const clock = new VirtualClock();
        const [a, b] = [alone(clock, 1), alone(clock, 2)];
        const meet = async () => {
          await clock.pass(TYPING_MS);
          for (const update of [...a.sent]) b.give(update);
          for (const update of [...b.sent]) a.give(update);
        };
        return insertions
          .reduce(
            (done, { who, at, meets }, index) =>
              done.then(async () => {
                const { notes } = who ? a : b;
                const shown = notes.text();
                // What is shown may be older than what is there when the edit is made.
                if (meets) await meet();
                const position = Math.floor((at / 100) * (shown.length + 1));
                notes.edit(`${shown.slice(0, position)}<${index}>${shown.slice(position)}`);
              }),
            Promise.resolve(),
          )
          .then(async () => {
            await meet();
            expect(a.notes.text()).toBe(b.notes.text());
            const digits = [...a.notes.text()].filter((unit) => unit !== '<' && unit !== '>').sort();
            const written = insertions.flatMap((_, index) => [...String(index)]).sort();
            expect(digits).toEqual(written);
          });
      }),
      { numRuns: 20 },
    );
  });
});

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { digestMutable } from './digest.ts';

const rate = { burst: 2, per_s: 1 };
const normal = (offset: number) => ({ offset, rank: 2 });

test('within the rate everything is sent', () => {
  const batch = [normal(1), normal(2)];
  expect(digestMutable(batch, { tokens: 2, at: 0 }, rate, 0)).toEqual({
    kind: 'send',
    parts: [{ kind: 'entries', entries: batch }],
  });
});

test('above the rate the newest are sent and the others named', () => {
  const batch = [1, 2, 3, 4, 5].map(normal);
  expect(digestMutable(batch, { tokens: 2, at: 0 }, rate, 0)).toEqual({
    kind: 'send',
    parts: [
      { kind: 'skipped', from: 1, to: 3 },
      { kind: 'entries', entries: [normal(4), normal(5)] },
    ],
  });
});

test('where not even one may be sent the batch waits, unless something in it is urgent', () => {
  const empty = () => ({ tokens: 0, at: 0 });
  expect(digestMutable([normal(1)], empty(), rate, 0)).toEqual({ kind: 'wait', ms: 1_000 });
  expect(digestMutable([normal(1), { offset: 2, rank: 0 }], empty(), rate, 0)).toMatchObject({
    kind: 'send',
    parts: [
      { kind: 'skipped', from: 1, to: 1 },
      { kind: 'entries', entries: [{ offset: 2 }] },
    ],
  });
});

// proves DL-22
test('every offset is either sent or named, in order; urgent entries and the newest are always sent', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 50 }),
      fc.integer({ min: 0, max: 10 }),
      (ranks, tokens) => {
        const batch = ranks.map((rank, index) => ({ offset: index + 1, rank }));
        const digest = digestMutable(batch, { tokens, at: 0 }, { burst: 10, per_s: 1 }, 0);
        if (digest.kind === 'wait') {
          expect(tokens).toBe(0);
          expect(ranks.every((rank) => rank >= 2)).toBe(true);
          return;
        }
        const { parts } = digest;
        const seen = parts.flatMap((part) =>
          part.kind === 'entries'
            ? part.entries.map((entry) => entry.offset)
            : Array.from({ length: part.to - part.from + 1 }, (_, i) => part.from + i),
        );
        expect(seen).toEqual(batch.map((entry) => entry.offset));
        const sent = parts.flatMap((part) => (part.kind === 'entries' ? part.entries : []));
        for (const entry of batch) if (entry.rank < 2) expect(sent).toContainEqual(entry);
        expect(sent.at(-1)).toEqual(batch.at(-1));
      },
    ),
  );
});

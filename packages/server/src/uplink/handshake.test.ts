import { describe, expect, test } from 'bun:test';
import { isProof, type JournalSpan, obstacleTo, proofOf } from './handshake.ts';

const secret = 'x'.repeat(32);

// proves UP-8
describe('a proof', () => {
  const proof = proofOf(secret, { role: 'home', theirs: 'a', own: 'b' });

  test('is good for its secret, its role and its two nonces alone', () => {
    expect(isProof(proof, proofOf(secret, { role: 'home', theirs: 'a', own: 'b' }))).toBe(true);
    for (const other of [
      proofOf('y'.repeat(32), { role: 'home', theirs: 'a', own: 'b' }),
      proofOf(secret, { role: 'mirror', theirs: 'a', own: 'b' }),
      proofOf(secret, { role: 'home', theirs: 'b', own: 'a' }),
      proofOf(secret, { role: 'home', theirs: 'ab', own: '' }),
    ])
      expect(isProof(proof, other)).toBe(false);
  });

  test('does not show the secret, and is no proof when it is none', () => {
    expect(proof).not.toContain(secret);
    for (const none of [undefined, null, 7, '', `${proof}x`]) expect(isProof(none, proof)).toBe(false);
  });
});

// proves UP-7
describe('what a journal can bring a mirror to', () => {
  const journal: JournalSpan = { epoch: 'e1', from: 1, isWhole: true, first: 1, head: 100 };

  test('an empty mirror, when the journal is whole from the first command', () => {
    expect(obstacleTo({ position: 0, epoch: null }, journal)).toBeNull();
    expect(obstacleTo({ position: 0, epoch: null }, { ...journal, isWhole: false })).toContain('began to keep');
    expect(obstacleTo({ position: 0, epoch: null }, { ...journal, first: 2 })).toContain('8 days');
  });

  test('a mirror within the journal', () => {
    const later = { ...journal, from: 51, isWhole: false, first: 20 };
    expect(obstacleTo({ position: 51, epoch: 'e1' }, later)).toBeNull();
    expect(obstacleTo({ position: 100, epoch: 'e1' }, later)).toBeNull();
    // What was committed between the journals before and after 51 is in neither.
    expect(obstacleTo({ position: 50, epoch: 'e1' }, later)).toContain('without an uplink');
  });

  test('no mirror of another store, ahead of it, or behind what is kept', () => {
    expect(obstacleTo({ position: 10, epoch: 'e2' }, journal)).toContain('another store');
    expect(obstacleTo({ position: 101, epoch: 'e1' }, journal)).toContain('lost what it had');
    expect(obstacleTo({ position: 10, epoch: 'e1' }, { ...journal, first: 12 })).toContain('8 days');
    expect(obstacleTo({ position: 11, epoch: 'e1' }, { ...journal, first: 12 })).toBeNull();
  });
});

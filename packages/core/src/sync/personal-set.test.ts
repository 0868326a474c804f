import { describe, expect, test } from 'bun:test';
import { LIMITS, type StateOperation } from '@konferenco/protocol';
import fc from 'fast-check';
import type { DocumentState } from './document.ts';
import {
  adminRemovalsSeen,
  applyToSet,
  collectSet,
  removalTags,
  type SetOperation,
  setHas,
  viewSet,
} from './personal-set.ts';
import { at, NOON } from './test-operations.ts';

type Add = Extract<StateOperation, { op: 'add' }>;
type Remove = Extract<StateOperation, { op: 'remove' }>;

const add = (dot: string, seen: string[] = []): Add => ({
  on: 'channels',
  op: 'add',
  element: 'wai',
  dot,
  at: at(1),
  seen,
});
const remove = (dot: string, tags: string[], more: Partial<Remove> = {}): Remove => ({
  ...{ on: 'channels', op: 'remove', element: 'wai', dot, at: at(2), tags },
  ...more,
});
const after = (...operations: readonly SetOperation[]) =>
  operations.reduce<DocumentState | null>((state, one) => applyToSet(state, one), null);

describe('a set', () => {
  // proves CF-9
  test('keeps what was added at the same time as it was removed', () => {
    expect(viewSet(after(add('a:1'), add('b:1'), remove('a:2', ['a:1'])))).toEqual(['wai']);
    expect(viewSet(after(add('a:1'), add('b:1'), remove('a:2', ['a:1', 'b:1'])))).toEqual([]);
    expect(viewSet(after(remove('a:2', ['a:1']), add('a:1')))).toEqual([]);
  });

  // proves CF-4
  test('loses to an organiser whatever was added without having seen the removal', () => {
    const expelled = remove('srv~x:1', ['a:1'], { admin: true });
    expect(setHas(after(add('a:1'), expelled, add('b:1')), 'wai')).toBe(false);
    expect(setHas(after(add('b:1'), expelled), 'wai')).toBe(false);
    const back = after(add('a:1'), expelled);
    expect(adminRemovalsSeen(back, 'wai')).toEqual(['srv~x:1']);
    expect(setHas(applyToSet(back, add('a:3', adminRemovalsSeen(back, 'wai'))), 'wai')).toBe(true);
  });

  test('says which additions a removal has to name', () => {
    const state = after(add('a:1'), add('b:1'), remove('a:2', ['a:1']));
    expect(removalTags(state, 'wai')).toEqual(['b:1']);
    expect(removalTags(null, 'constructor')).toEqual([]);
  });

  // proves SY-31
  test('forgets what was removed before the horizon, and nothing that shows', () => {
    const dots = fc.constantFrom('a:1', 'a:2', 'b:1', 'b:2');
    const operation = fc.oneof(
      dots.map((dot) => add(dot)),
      fc
        .tuple(fc.array(dots, { maxLength: 3 }), fc.boolean())
        .map(([tags, admin]) => remove('c:1', tags, admin ? { admin: true } : {})),
    );
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 8 }), (operations) => {
        const state = after(...operations) ?? { v: 1 };
        const young = collectSet(state, NOON + LIMITS.sync_horizon_ms - 1);
        expect(young).toBe(state);
        expect(viewSet(collectSet(state, NOON + 2 * LIMITS.sync_horizon_ms))).toEqual(viewSet(state));
      }),
    );
    const gone = after(add('a:1'), remove('a:2', ['a:1'])) ?? { v: 1 };
    const collected = collectSet(gone, NOON + LIMITS.sync_horizon_ms + 1);
    expect(JSON.stringify(collected).length).toBeLessThan(JSON.stringify(gone).length);
    expect(viewSet(applyToSet(collected, add('a:1')))).toEqual([]);
  });
});

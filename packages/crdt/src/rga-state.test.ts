import { expect, test } from 'bun:test';
import { CrdtFormatError } from './errors.ts';
import { RGASequence } from './rga-sequence.ts';

function moved(): RGASequence<string> {
  const sequence = new RGASequence<string>();
  sequence.insert({ id: 'p:1', content: 'a', position: { after: null }, timestamp: 256, node: 'p' });
  sequence.insert({ id: 'p:2', content: 'b', position: sequence.place('p:1'), timestamp: 512, node: 'p' });
  sequence.move('p:1', 'p:2', 768, 'q');
  return sequence;
}

test('a state names a move by the row of what it moved, and reads back as it was', () => {
  const state = moved().state();
  expect(state.i).toEqual([[0, 1, 2], 0]);
  const read = RGASequence.from<string>(JSON.parse(JSON.stringify(state)));
  expect(read.toArray()).toEqual(['b', 'a']);
  expect(read.state()).toEqual(state);
  expect(read.apply({ op: 'move', id: 'p:1', position: { after: 'p:2' }, timestamp: 768, node: 'q' })).toBe('known');
});

test('a move written out, as one of something that is not here must be, is read as well', () => {
  const state = moved().state();
  const written = { ...state, i: [...state.i.slice(0, -1), 'p:1,768,q'] };
  expect(RGASequence.from<string>(written).state()).toEqual(state);
  const away = new RGASequence<string>();
  away.move('x:1', null, 768, 'q');
  expect(RGASequence.from<string>(away.state()).state()).toEqual(away.state());
});

test('a move of a row that is no insertion, or of none, is refused', () => {
  const state = moved().state();
  for (const row of [2, 7, -1, 0.5]) {
    expect(() => RGASequence.from({ ...state, i: [...state.i.slice(0, -1), row] })).toThrow(CrdtFormatError);
  }
});

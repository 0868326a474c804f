import { expect, test } from 'bun:test';
import { exportedComments, memberComments } from './doc-comments.ts';

test('the comment directly above a constant or member, flattened to one line', () => {
  const source =
    '/** About the\n * first one. */\nexport const first = 1;\n/** Not this one. */\nconst hidden = 2;\nexport const bare = 3;\n';
  expect([...exportedComments(source)]).toEqual([['first', 'About the first one.']]);
  const table = '/** The table. */\nexport const T = {\n  /** A limit (P1). */\n  a: 1,\n  b: 2,\n};';
  expect([...memberComments(table)]).toEqual([['a', 'A limit (P1).']]);
});

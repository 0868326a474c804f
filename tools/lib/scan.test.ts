import { describe, expect, test } from 'bun:test';
import { functionsOf, importsOf, maskSource } from './scan.ts';

describe('masking', () => {
  test('blanks comments, strings, templates and regular expressions but keeps lines and columns', () => {
    const source =
      "const a = 'Date.now'; // Date.now\nconst b = /Date.now/.test(`Date.now ${real()} x`);\n/* Date\n.now */ done();";
    const masked = maskSource(source);
    expect(masked).not.toContain('Date');
    expect(masked).not.toContain('.now');
    expect(masked).toContain('real()');
    expect(masked).toContain('done();');
    expect(masked.length).toBe(source.length);
    expect(masked.split('\n').length).toBe(source.split('\n').length);
  });

  test('a division is not the start of a regular expression', () => {
    expect(maskSource('const x = total / count; const y = half / 2; visible();')).toContain('visible()');
  });

  test('nested templates end where they should', () => {
    const source = 'const a = `x ${b ? `in ${c({ d: 1 })}` : ""} y`; visible();';
    expect(maskSource(source)).toContain('visible()');
    expect(maskSource(source)).toContain('c({ d: 1 })');
    expect(maskSource(source)).not.toContain(' y`');
  });
});

describe('imports', () => {
  test('sees static, type, side-effect, dynamic, re-exported and worker modules', () => {
    const source = [
      "import a, { b } from 'one';",
      "import type { C } from 'two';",
      "import 'three';",
      "const d = await import('four');",
      "export * from './five.ts';",
      "export type { E } from './six.ts';",
      "new Worker(new URL('./seven.ts', import.meta.url));",
      'import {\n  f,\n  g,\n} from "eight";',
    ].join('\n');
    expect(importsOf(source).map((found) => [found.specifier, found.typeOnly])).toEqual([
      ['one', false],
      ['two', true],
      ['three', false],
      ['four', false],
      ['./five.ts', false],
      ['./six.ts', true],
      ['./seven.ts', false],
      ['eight', false],
    ]);
  });

  test('ignores what only looks like an import', () => {
    expect(importsOf("// import x from 'no'\nconst t = `import y from 'no'`;\n/* import('no') */")).toEqual([]);
  });
});

describe('function lengths', () => {
  test('a function is charged for its own lines, not for those of the functions inside it', () => {
    const inner = `  const inner = () => {\n${'    work();\n'.repeat(10)}  };\n`;
    const [outer, nested] = functionsOf(`function outer(): void {\n${inner}  inner();\n}\n`);
    expect(outer).toEqual({ name: 'outer', line: 1, ownLines: 4 });
    expect(nested?.ownLines).toBe(12);
  });

  test('blocks, classes and objects are not functions', () => {
    const source =
      'class A {\n  m(x: number): Promise<void> {\n    if (x) {\n      y({ a: 1 });\n    }\n  }\n}\nconst o = {\n};\n';
    expect(functionsOf(source).map((found) => found.name)).toEqual(['m']);
  });
});

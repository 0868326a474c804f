import { expect, test } from 'bun:test';
import { asyncApi } from './asyncapi.ts';
import { describeType, type JsonObject, plainSchema } from './json-schema.ts';
import { openApi } from './openapi.ts';

test('a union of words becomes an enum, identifiers of the library disappear', () => {
  const union = {
    $id: 'X',
    anyOf: [
      { type: 'string', const: 'a' },
      { type: 'string', const: 'b' },
    ],
    description: 'Which.',
  };
  expect(plainSchema(union)).toEqual({ type: 'string', enum: ['a', 'b'], description: 'Which.' });
  expect(describeType(plainSchema(union))).toBe('`"a"` \\| `"b"`');
  expect(describeType({ type: 'array', items: { type: 'integer', minimum: 1 } })).toBe('array of integer ≥ 1');
});

test('every reference inside the published descriptions resolves', () => {
  for (const document of [asyncApi('1', new Map()), openApi('1')]) {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    expect(references.length).toBeGreaterThan(0);
    for (const path of references) {
      const target = path
        .split('/')
        .reduce<unknown>((value, name) => (value as JsonObject | undefined)?.[name], document);
      expect(target, path).toBeDefined();
    }
  }
});

test('every path parameter of a route is described', () => {
  const { paths } = openApi('1') as {
    paths: Record<string, Record<string, { parameters: { name: string; in: string }[] }>>;
  };
  for (const [path, methods] of Object.entries(paths)) {
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const { parameters } of Object.values(methods)) {
      expect(parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name)).toEqual(
        wanted as string[],
      );
    }
  }
});

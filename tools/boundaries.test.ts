import { describe, expect, test } from 'bun:test';
import { checkBoundaries } from './boundaries.ts';
import { withProject } from './lib/scratch.ts';

const MANIFESTS = {
  'packages/protocol/package.json': '{}',
  'packages/core/package.json': '{}',
  'packages/server/package.json': '{}',
  'packages/client/package.json': '{}',
  'apps/web/package.json': '{}',
};

const check = (files: Record<string, string>) => withProject({ ...MANIFESTS, ...files }, checkBoundaries);

test('a project that keeps the rules has no problems', async () => {
  const problems = await check({
    'packages/protocol/src/a.ts': "import Type from 'typebox';\nexport const a = Type;",
    'packages/core/src/a.ts': "import type { X } from '@konferenco/protocol';\nexport type Y = X;",
    'packages/server/src/main.ts':
      "import { s } from './adapters/embedded/store.ts';\nconst port = process.env.PORT;\ns(port);",
    'packages/server/src/adapters/embedded/store.ts':
      "import { Database } from 'bun:sqlite';\nimport type { Store } from '@konferenco/core';\nexport const s = Database as unknown as Store;",
    'packages/server/src/adapters/embedded/page.ts': "import { limit } from '../page.ts';\nexport const l = limit;",
    'packages/server/src/adapters/page.ts': 'export const limit = 1;',
    'packages/client/src/a.ts': "import { core } from '@konferenco/core';\nexport const now = () => Date.now() + core;",
    'packages/client/src/a.test.ts':
      "import { TestServer } from '@konferenco/testkit';\nimport { readFile } from 'node:fs';",
    'apps/web/src/a.ts': "import { c } from '@konferenco/client';\nexport const x = c;",
  });
  expect(problems).toEqual([]);
});

describe('is refused', () => {
  const cases: [title: string, file: string, source: string, message: RegExp][] = [
    [
      'the server importing encryption',
      'packages/server/src/a.ts',
      "import { open } from '@konferenco/e2ee';",
      /may import protocol, core, crdt/,
    ],
    ['even by type', 'packages/server/src/a.ts', "import type { Key } from '@konferenco/e2ee';", /may import/],
    [
      'even by a dynamic import',
      'packages/server/src/a.ts',
      "const m = await import('@konferenco/client');",
      /may import/,
    ],
    [
      'the web app importing protocol',
      'apps/web/src/a.ts',
      "import { LIMITS } from '@konferenco/protocol';",
      /may import client/,
    ],
    [
      'a way round the exports',
      'packages/client/src/a.ts',
      "import { x } from '@konferenco/core/src/x.ts';",
      /manifest's exports/,
    ],
    [
      'a relative way into another package',
      'packages/server/src/a.ts',
      "import { x } from '../../core/src/x.ts';",
      /inside their package/,
    ],
    ['I/O in protocol', 'packages/protocol/src/a.ts', "import { readFile } from 'node:fs';", /could do I\/O/],
    ['a driver in core', 'packages/core/src/a.ts', "import pg from 'pg';", /could do I\/O/],
    ['a clock in core', 'packages/core/src/a.ts', 'export const now = () => Date.now();', /time and randomness/],
    [
      'chance in protocol',
      'packages/protocol/src/a.ts',
      'export const dice = () => Math.random();',
      /time and randomness/,
    ],
    [
      'a timer in core',
      'packages/core/src/a.ts',
      'export const f = (fn: () => void) => setTimeout(fn, 1);',
      /sets no timers/,
    ],
    ['node modules in the SDK', 'packages/client/src/a.ts', "import { readFile } from 'node:fs';", /browsers/],
    [
      'the environment in a handler',
      'packages/server/src/handlers/a.ts',
      'export const p = process.env.PORT;',
      /environment/,
    ],
    ['sockets outside the gateway', 'packages/server/src/http/a.ts', 'export const s = Bun.serve({});', /sockets/],
    [
      'mutable module state',
      'packages/server/src/a.ts',
      'let count = 0;\nexport const f = () => count++;',
      /mutable state/,
    ],
    [
      'an adapter reaching for handlers',
      'packages/server/src/adapters/redis/bus.ts',
      "import { h } from '../../handlers/index.ts';",
      /adapter imports/,
    ],
    [
      'an adapter reaching for another',
      'packages/server/src/adapters/redis/bus.ts',
      "import { h } from '../nats/bus.ts';",
      /adapter imports/,
    ],
    [
      'a handler reaching for an adapter',
      'packages/server/src/handlers/a.ts',
      "import { h } from '../adapters/nats/bus.ts';",
      /composition root/,
    ],
    [
      'the program using a stand-in of its tests',
      'packages/server/src/a.ts',
      "import { w } from './test-world.ts';",
      /only tests/,
    ],
  ];
  for (const [title, file, source, message] of cases) {
    test(title, async () => {
      const problems = await check({ [file]: source });
      expect(problems.length).toBe(1);
      expect(problems[0]).toMatch(message);
    });
  }

  test('a manifest that declares a forbidden package', async () => {
    const problems = await check({ 'packages/server/package.json': '{"dependencies":{"@konferenco/e2ee":"*"}}' });
    expect(problems).toEqual(['packages/server/package.json depends on @konferenco/e2ee: server must not']);
  });

  test('a package that nobody put into the table', async () => {
    const problems = await check({
      'packages/extra/package.json': '{}',
      'packages/extra/src/a.ts': "import 'typebox';",
    });
    expect(problems[0]).toMatch(/not in the table/);
  });

  test('an import cycle, but not one of types', async () => {
    const value = {
      'packages/server/src/a.ts': "import { b } from './b.ts';\nexport const a = b;",
      'packages/server/src/b.ts': "import { c } from './c.ts';\nexport const b = c;",
      'packages/server/src/c.ts': "import { a } from './a.ts';\nexport const c = () => a;",
    };
    expect(await check(value)).toEqual([
      'import cycle: packages/server/src/a.ts → packages/server/src/b.ts → packages/server/src/c.ts → packages/server/src/a.ts',
    ]);
    const types = {
      ...value,
      'packages/server/src/c.ts': "import type { a } from './a.ts';\nexport type C = typeof a;",
    };
    expect(await check(types)).toEqual([]);
  });
});

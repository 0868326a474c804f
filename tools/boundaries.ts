import { dirname, join, normalize, relative } from 'node:path';
import { findCycles } from './lib/cycles.ts';
import { isTest, manifests, ROOT, readText, report, sourceFiles } from './lib/files.ts';
import { importsOf, maskSource } from './lib/scan.ts';

/** Who may import whom. The reasons stand in docs/adr/0001-workspaces-and-boundaries.md. */
interface PackageRule {
  /** Our packages it may import. */
  readonly ours: readonly string[];
  /** Our packages that its tests may import as well. */
  readonly inTests?: readonly string[];
  /** No I/O, no clock, no randomness, no runtime: everything comes in as an argument. */
  readonly pure?: true;
  /** Runs in browsers too: no runtime's own modules. */
  readonly neutral?: true;
  /** Measures or drives parts from inside: may reach past a package's exports. */
  readonly internals?: true;
}

const PACKAGES: Readonly<Record<string, PackageRule>> = {
  protocol: { ours: [], pure: true },
  crdt: { ours: [], pure: true },
  e2ee: { ours: [], pure: true },
  core: { ours: ['protocol', 'crdt'], inTests: ['testkit'], pure: true },
  server: { ours: ['protocol', 'core', 'crdt'], inTests: ['testkit'] },
  client: { ours: ['protocol', 'crdt', 'core', 'e2ee'], inTests: ['testkit'], neutral: true },
  testkit: { ours: ['protocol', 'crdt', 'core', 'server', 'client', 'e2ee'] },
  web: { ours: ['client'], inTests: ['testkit'], neutral: true },
  bench: { ours: ['protocol', 'crdt', 'core', 'client', 'server', 'testkit'], internals: true },
};

/** Modules that give a pure package no I/O. */
const PURE_DEPENDENCIES = ['typebox', 'uuid'];

/** Drivers of a neutral package that have an entry of their own, so that no browser's bundle holds them. */
const RUNTIME_DRIVERS = /^packages\/client\/src\/storage\/sqlite-(bun|node|files)\.ts$/;

/** What a folder must not contain, looked for in code (not in comments or strings). */
interface CodeRule {
  readonly in: RegExp;
  readonly except?: RegExp;
  readonly pattern: RegExp;
  readonly message: string;
}

const CODE_RULES: readonly CodeRule[] = [
  {
    in: /^packages\/(protocol|crdt|core|e2ee)\//,
    // Published under this name for other programs, which build it without a clock; inside the project one is passed in.
    except: /^packages\/core\/src\/limits\/rate-limiter\.ts/,
    pattern:
      /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bperformance\.now\b|\bcrypto\.(getRandomValues|randomUUID)\b/,
    message: 'a pure package takes time and randomness as arguments',
  },
  {
    in: /^packages\/(protocol|crdt|core|e2ee)\//,
    pattern: /\b(setTimeout|setInterval|fetch|WebSocket|process|Bun|console)\b\s*[.(]/,
    message: 'a pure package does no I/O and sets no timers',
  },
  {
    in: /^packages\/server\//,
    except: /^packages\/server\/src\/(config\/|main\.ts)/,
    pattern: /\bprocess\.env\b|\bBun\.env\b/,
    message: 'the environment is read in config/ and passed down',
  },
  {
    in: /^packages\/server\//,
    except: /^packages\/server\/src\/(gateway\/websocket|start)\.ts/,
    pattern: /\bServerWebSocket\b|\bBun\.serve\b/,
    message: 'only gateway/websocket.ts and the composition root know the runtime’s sockets',
  },
  {
    in: /^(packages|apps)\//,
    pattern: /^(export\s+)?(let|var)\s/m,
    message: 'no mutable state at module level: two nodes run in one process',
  },
];

/** Everything in `root` that breaks a rule of imports, purity or state, one sentence each. */
export async function checkBoundaries(root: string): Promise<string[]> {
  const problems: string[] = [];
  const graph = new Map<string, string[]>();
  const files = new Set(sourceFiles(root));
  const folders = await packageFolders(root);
  for (const file of files) {
    const source = await readText(join(root, file));
    problems.push(...codeProblems(file, source));
    const targets: string[] = [];
    for (const found of importsOf(source)) {
      const why = importProblem(file, found.specifier, folders);
      if (why) problems.push(`${file}:${found.line} imports '${found.specifier}': ${why}`);
      const target = resolveLocal(file, found.specifier, files);
      if (target && !found.typeOnly) targets.push(target);
    }
    graph.set(file, targets);
  }
  for (const cycle of findCycles(graph)) problems.push(`import cycle: ${cycle.join(' → ')}`);
  problems.push(...(await manifestProblems(root)));
  return problems;
}

/** Names of our packages by the folder that holds them. */
async function packageFolders(root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const file of manifests(root)) {
    const folder = dirname(file);
    found.set(folder, folder.split('/').at(-1) ?? folder);
  }
  return found;
}

function codeProblems(file: string, source: string): string[] {
  if (isTest(file)) return [];
  const code = maskSource(source);
  return CODE_RULES.flatMap((rule) => {
    const match = rule.in.test(file) && !rule.except?.test(file) ? rule.pattern.exec(code) : null;
    if (!match) return [];
    const line = code.slice(0, match.index).split('\n').length;
    return [`${file}:${line} has '${match[0].trim()}': ${rule.message}`];
  });
}

/** Whether a file may leave its package by a relative path: the bench to measure parts, tests to build what they test. */
function mayReachOut(rule: PackageRule, file: string, target: string): boolean {
  return rule.internals === true || (isTest(file) && target.startsWith('tools/'));
}

/** Why `file` must not import `specifier`, or `null`. */
function importProblem(file: string, specifier: string, folders: ReadonlyMap<string, string>): string | null {
  const folder = [...folders.keys()].find((candidate) => file.startsWith(`${candidate}/`));
  if (!folder) return null;
  const name = folders.get(folder) ?? '';
  const rule = PACKAGES[name];
  if (!rule) return `package '${name}' is not in the table of tools/boundaries.ts`;
  const local = specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : null;
  if (local !== null) {
    if (!local.startsWith(`${folder}/`))
      return mayReachOut(rule, file, local) ? null : 'relative imports stay inside their package';
    return insideProblem(file, local, isTest(file));
  }
  const ours = /^@konferenco\/([^/]+)(\/.*)?$/.exec(specifier);
  if (ours) {
    if (ours[2]?.startsWith('/src')) return "reach another package through its manifest's exports";
    const target = ours[1] ?? '';
    const allowed = isTest(file) ? [...rule.ours, ...(rule.inTests ?? [])] : rule.ours;
    if (target !== name && !allowed.includes(target))
      return `${name} may import ${allowed.join(', ') || 'nothing of ours'}`;
    return adapterProblem(file, specifier);
  }
  if (isTest(file)) return null;
  const runtime = /^(node|bun):|^bun$/.test(specifier);
  if (rule.neutral && runtime && !RUNTIME_DRIVERS.test(file)) return 'this package runs in browsers too';
  if (
    rule.pure &&
    (runtime || !PURE_DEPENDENCIES.some((known) => specifier === known || specifier.startsWith(`${known}/`)))
  ) {
    return 'a pure package imports nothing that could do I/O';
  }
  return null;
}

/** An adapter's folder, or a helper that adapters share, directly in adapters/. */
const ADAPTER = /^packages\/server\/src\/adapters\/(?:([^/]+)\/)?[^/]+/;

/** Where things are built: the only files of the server that know adapters. */
const COMPOSITION = /^packages\/server\/src\/((main|index|start|compose)[^/]*|files|backends\/[^/]*)\.ts$/;

/** Rules between the folders of one package. */
function insideProblem(file: string, target: string, test: boolean): string | null {
  if (test) return null;
  if (isTest(target)) return 'only tests use this file';
  const from = ADAPTER.exec(file);
  const to = ADAPTER.exec(target);
  if (from && (!to || (to[1] !== undefined && to[1] !== from[1]))) {
    return 'an adapter imports the ports of core and its own driver, nothing else of the server';
  }
  if (!from && to && !COMPOSITION.test(file)) return 'adapters are built in the composition root and passed down';
  if (target === 'packages/server/src/main.ts') return 'nothing imports the entry point';
  return null;
}

function adapterProblem(file: string, specifier: string): string | null {
  if (!ADAPTER.test(file) || isTest(file)) return null;
  return /^@konferenco\/(core|protocol)(\/|$)/.test(specifier) ? null : 'an adapter imports only ports and their types';
}

/** Manifests must not even declare what must not be imported. */
async function manifestProblems(root: string): Promise<string[]> {
  const problems: string[] = [];
  for (const file of manifests(root)) {
    const name = dirname(file).split('/').at(-1) ?? '';
    const rule = PACKAGES[name];
    if (!rule) continue;
    const manifest = JSON.parse(await readText(join(root, file))) as { dependencies?: Record<string, string> };
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      const ours = /^@konferenco\/(.+)$/.exec(dependency)?.[1];
      if (ours && !rule.ours.includes(ours)) problems.push(`${file} depends on ${dependency}: ${name} must not`);
    }
  }
  return problems;
}

function resolveLocal(file: string, specifier: string, files: ReadonlySet<string>): string | null {
  if (!specifier.startsWith('.')) return null;
  const path = relative('.', join(dirname(file), specifier)).replaceAll('\\', '/');
  return files.has(path) ? path : null;
}

if (import.meta.main) report('boundaries', await checkBoundaries(ROOT), 'every import keeps to the table');

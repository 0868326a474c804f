// The door to every npm script: fetches the pinned Bun and the locked packages when they are missing, then hands over.
// Runs on plain Node >= 20 and on nothing else, because it runs before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WINDOWS = process.platform === 'win32';
const BUN = join(ROOT, 'node_modules', '.bin', WINDOWS ? 'bun.exe' : 'bun');
const BUN_VERSION = '1.4.5';
const MARKER = join(ROOT, 'node_modules', '.installed');
const WEB_PAGE = join(ROOT, 'apps', 'web', 'dist', 'index.html');

// How Bun's memory is kept, unless the environment says otherwise: garbage is looked for in a process that only waits every
// 30 s instead of every second, and freed pages go back to the system every 10 s. A node full of people who say nothing spends
// a third less processor time so, for 3 to 12 % more memory a connection. deploy/Dockerfile says the same.
const MEMORY = { BUN_GC_TIMER_INTERVAL: '30000', MIMALLOC_PURGE_HOLES_MIN_INTERVAL: '10000' };

const COMMANDS = {
  start: (args) => withPage(['packages/server/src/main.ts'], args),
  cluster: (args) => withPage(['tools/cluster.ts'], args),
  build: () => bun(['tools/build-web.ts']),
  test: (args) => bun(['tools/test.ts', ...args]),
  verify: (args) => bun(['tools/verify.ts', ...args]),
  bench: (args) => bun(['bench/src/main.ts', ...args]),
  faults: (args) => bun(['tests/faults/main.ts', ...args]),
  prescale: (args) => bun(['tools/prescale.ts', ...args]),
  generate: (args) => bun(['tools/generate.ts', ...args]),
};

const [command, ...args] = process.argv.slice(2);
const action = COMMANDS[command ?? ''];
if (!action) fail(`Usage: node tools/run.mjs ${Object.keys(COMMANDS).join('|')} [arguments]`, 2);
if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Node ${process.versions.node} is too old: install Node 20 or newer, then run this again.`);
}
await ensureInstalled();
process.exit(await action(args));

/** Runs a program that serves the web application, which is built first. */
async function withPage(program, args) {
  const help = args.includes('--help') || args.includes('-h');
  if (!help) {
    if (!existsSync(WEB_PAGE)) say('Building the web application (once, and after its sources changed) …');
    // Whether there is anything to do, tools/build-web.ts knows.
    const code = await bun(['tools/build-web.ts']);
    if (code !== 0) fail('The web application could not be built; the messages above say why.', code);
  }
  return bun([...program, ...args]);
}

async function ensureInstalled() {
  const wanted = fingerprint();
  if (existsSync(BUN) && existsSync(MARKER) && readFileSync(MARKER, 'utf8') === wanted) return;
  say(`Installing the locked packages with Bun ${BUN_VERSION} (once; takes up to a minute) …`);
  const install = ['install', '--frozen-lockfile'];
  const code = existsSync(BUN)
    ? await run(BUN, install)
    : await run(WINDOWS ? 'npx.cmd' : 'npx', ['--yes', `bun@${BUN_VERSION}`, ...install], { shell: WINDOWS });
  if (code !== 0) {
    fail(
      'The packages could not be installed. The lines above say what failed; usually one of these:\n' +
        '  - no network, or the npm registry cannot be reached: check `npm ping` and the proxy settings of npm;\n' +
        '  - bun.lock does not match a package.json: run `npx bun@' +
        BUN_VERSION +
        ' install` and commit bun.lock;\n' +
        '  - the disk is full or node_modules is not writable: delete node_modules and run this again.',
      code,
    );
  }
  if (!existsSync(BUN)) fail(`Installed, but ${BUN} is missing: delete node_modules and run this again.`);
  writeFileSync(MARKER, wanted);
}

/** Changes when the lock file or a manifest that it was made from does; a clock or a checkout's file times do not matter. */
function fingerprint() {
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const folders = workspaces.flatMap((entry) => {
    if (!entry.endsWith('/*')) return [entry];
    const folder = entry.slice(0, -2);
    return existsSync(join(ROOT, folder)) ? readdirSync(join(ROOT, folder)).map((name) => join(folder, name)) : [];
  });
  const hash = createHash('sha256');
  for (const file of ['bun.lock', 'package.json', ...folders.sort().map((folder) => join(folder, 'package.json'))]) {
    if (existsSync(join(ROOT, file))) hash.update(`${file}\n`).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex');
}

function bun(args) {
  return run(BUN, args, { env: { ...MEMORY, ...process.env } });
}

/** Runs a program in the project's folder, passes signals on, and returns its exit code (128 + n after signal n). */
function run(program, args, options = {}) {
  return new Promise((resolve) => {
    // Listening comes before the child exists: a signal in between would end this process alone and leave an orphan.
    // On a terminal Ctrl-C reaches the whole foreground group, so the child already has it; a second one would read
    // as "stop at once". Everything else arrives here alone.
    let child = null;
    const pass = (signal) => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child?.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, pass);
    child = spawn(program, args, { cwd: ROOT, stdio: 'inherit', ...options });
    const finish = (code) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`Could not run ${program}: ${error.message}`);
      finish(127);
    });
    child.on('exit', (code, signal) => finish(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15)));
  });
}

function say(text) {
  console.error(`konferenco: ${text}`);
}

function fail(text, code = 1) {
  console.error(`konferenco: ${text}`);
  process.exit(code);
}

import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A project whose Bun and npx are scripts that note how they were called, in a folder with spaces in its name. */
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'konferenco run '));
  await mkdir(join(root, 'tools'));
  await copyFile(join(import.meta.dir, 'run.mjs'), join(root, 'tools/run.mjs'));
  await Bun.write(join(root, 'package.json'), '{"workspaces":["packages/*","bench"]}');
  await Bun.write(join(root, 'bun.lock'), 'one');
  await Bun.write(join(root, 'packages/a/package.json'), '{}');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function script(path: string, body: string): Promise<void> {
  await Bun.write(join(root, path), `#!/bin/sh\n${body}\n`);
  await chmod(join(root, path), 0o755);
}

/** Bun as a script: `install` succeeds, everything else notes its arguments and runs `body`. */
const fakeBun = (body = 'exit 0') =>
  script('node_modules/.bin/bun', `echo "$*" >> '${root}/calls'\ncase "$1" in install) exit 0;; esac\n${body}`);

function run(...args: string[]) {
  const node = Bun.which('node') ?? 'node';
  const { BUN_GC_TIMER_INTERVAL, MIMALLOC_PURGE_HOLES_MIN_INTERVAL, ...rest } = process.env;
  const env = { ...rest, PATH: `${join(root, 'path')}:${process.env['PATH']}` };
  return Bun.spawn([node, join(root, 'tools/run.mjs'), ...args], {
    cwd: tmpdir(),
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

const calls = async () => (await Bun.file(join(root, 'calls')).text()).trim().split('\n');

test('gives programs the memory settings that the image has, unless the environment says otherwise', async () => {
  await fakeBun(`echo "$BUN_GC_TIMER_INTERVAL $MIMALLOC_PURGE_HOLES_MIN_INTERVAL" >> '${root}/calls'`);
  await run('test').exited;
  const image = await Bun.file(join(import.meta.dir, '../deploy/Dockerfile')).text();
  const [, garbage, pages] =
    /^ENV BUN_GC_TIMER_INTERVAL=(\d+) MIMALLOC_PURGE_HOLES_MIN_INTERVAL=(\d+)$/m.exec(image) ?? [];
  expect((await calls()).at(-1)).toBe(`${garbage} ${pages}`);
});

describe('installing', () => {
  test('happens once, and again when the lock file or a manifest changed', async () => {
    await fakeBun();
    const install = 'install --frozen-lockfile';
    await run('test').exited;
    await run('test').exited;
    expect(await calls()).toEqual([install, 'tools/test.ts', 'tools/test.ts']);
    await Bun.write(join(root, 'bun.lock'), 'two');
    await run('test').exited;
    await Bun.write(join(root, 'packages/a/package.json'), '{"version":"2"}');
    await run('test').exited;
    expect((await calls()).slice(3)).toEqual([install, 'tools/test.ts', install, 'tools/test.ts']);
  });

  test('fetches the pinned Bun with npx where there is none', async () => {
    await script(
      'path/npx',
      `echo "npx $*" >> '${root}/calls'; mkdir -p '${root}/node_modules/.bin'; cp '${root}/later' '${root}/node_modules/.bin/bun'`,
    );
    await script('later', `echo "$*" >> '${root}/calls'`);
    expect(await run('verify', 'types').exited).toBe(0);
    expect(await calls()).toEqual(['npx --yes bun@1.4.5 install --frozen-lockfile', 'tools/verify.ts types']);
  });

  test('says what usually is wrong when it fails, keeps the exit code and tries again the next time', async () => {
    await script('path/npx', 'echo "registry unreachable" >&2; exit 7');
    const failed = run('test');
    expect(await failed.exited).toBe(7);
    const text = await new Response(failed.stderr).text();
    expect(text).toContain('registry unreachable');
    expect(text).toContain('could not be installed');
    expect(text).toContain('npm ping');
    expect(await run('test').exited).toBe(7);
  });
});

describe('running', () => {
  test('passes arguments, output and the exit code through', async () => {
    await fakeBun('echo out; exit 3');
    const child = run('bench', '--short', 'two words');
    expect(await child.exited).toBe(3);
    expect(await new Response(child.stdout).text()).toBe('out\n');
    expect((await calls()).at(-1)).toBe('bench/src/main.ts --short two words');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('passes %s on and waits for the end', async (signal) => {
    await fakeBun('trap "echo stopped; exit 0" TERM INT\necho ready\nwhile :; do sleep 0.05; done');
    const child = run('test');
    const reader = child.stdout.getReader();
    let text = '';
    const read = async () => {
      const { value, done } = await reader.read();
      text += value ? new TextDecoder().decode(value) : '';
      return !done;
    };
    while (!text.includes('ready') && (await read()));
    child.kill(signal);
    while (await read());
    expect(text).toContain('stopped');
    expect(await child.exited).toBe(0);
  });

  test('brings the web application up to date before the server starts, and not for --help', async () => {
    await fakeBun();
    await run('start', '--help').exited;
    await run('start', '--port', '0').exited;
    const server = 'packages/server/src/main.ts';
    expect((await calls()).slice(1)).toEqual([`${server} --help`, 'tools/build-web.ts', `${server} --port 0`]);
  });

  test('does not start the server on a page that could not be built', async () => {
    await fakeBun('case "$1" in tools/build-web.ts) exit 4;; esac');
    expect(await run('start').exited).toBe(4);
    expect((await calls()).at(-1)).toBe('tools/build-web.ts');
  });

  test('an unknown command is answered with the known ones', async () => {
    const child = run('fly');
    expect(await child.exited).toBe(2);
    expect(await new Response(child.stderr).text()).toContain('start|cluster|build|test|verify|bench');
  });
});

import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

const PACKAGE = join(import.meta.dir, '..');
const TSC = join(PACKAGE, '../../node_modules/.bin/tsc');

test('the code in the README compiles', async () => {
  const readme = await Bun.file(join(PACKAGE, 'README.md')).text();
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)];
  expect(blocks.length).toBeGreaterThanOrEqual(1);
  // Inside the package, so that its own name resolves as it does for its users.
  const folder = await mkdtemp(join(PACKAGE, 'readme-check-'));
  try {
    for (const [index, [, code]] of blocks.entries()) await Bun.write(join(folder, `block-${index}.ts`), code ?? '');
    await Bun.write(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../tsconfig.json', include: ['*.ts'] }));
    // Its threads share little: several check the same types again, each for itself.
    const { exitCode, stdout } = Bun.spawnSync([TSC, '-p', folder, '--singleThreaded']);
    expect(stdout.toString()).toBe('');
    expect(exitCode).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 400_000);

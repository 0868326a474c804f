import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startHarness } from './harness.ts';

const ROOT = join(import.meta.dir, '../..');

/** Rows of the table under "The life of a message": the file, and the step that is timed there. */
function documented(): { file: string; step: string }[] {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  const section = text.split('## The life of a message')[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| *\d+ *\| *`([^`]+)` *\|.*\| *(\w*) *\|$/gm)].map(([, file = '', step = '']) => ({
    file,
    step,
  }));
}

test('a message takes the steps that ARCHITECTURE.md names, in files that are there', async () => {
  const rows = documented();
  expect(rows.length).toBeGreaterThan(10);
  for (const { file } of rows) expect({ file, exists: existsSync(join(ROOT, file)) }).toEqual({ file, exists: true });

  const h = startHarness();
  const mere = await h.connect('mere');
  await mere.request({ type: 'subscribe', logs: ['ch:general'] });
  await mere.say('general', 'Kia ora');
  await h.clock.advance(50);
  const text = await h.server.node.metrics.registry.getSingleMetricAsString('konferenco_step_seconds');
  const taken = [...text.matchAll(/_count\{step="(\w+)"\} (\d+)/g)]
    .filter(([, , count]) => Number(count) > 0)
    .map(([, step]) => step);
  expect(rows.flatMap(({ step }) => (step ? [step] : []))).toEqual(taken as string[]);
  await h.close();
});

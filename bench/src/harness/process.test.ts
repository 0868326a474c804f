import { expect, test } from 'bun:test';
import { cpuSeconds, residentBytes } from './process.ts';

test('processor time of a process is what it says of itself, to a few ticks', () => {
  const end = performance.now() + 60;
  while (performance.now() < end);
  const { user, system } = process.cpuUsage();
  expect(Math.abs(cpuSeconds(process.pid) - (user + system) / 1e6)).toBeLessThan(0.05);
});

test('resident memory of a process is what it says of itself, to a few per cent', () => {
  const own = process.memoryUsage.rss();
  expect(Math.abs(residentBytes(process.pid) - own)).toBeLessThan(own / 10);
});

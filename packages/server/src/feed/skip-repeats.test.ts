import { expect, test } from 'bun:test';
import type { StreamRecord } from '@konferenco/core';
import { skipRepeats } from './skip-repeats.ts';

const record = (id: string, sender = 'ann'): StreamRecord => ({
  ...{ stream: 'CHAT', event: '', type: 'chat', subtype: 'mention', log: 'ch:a', offset: 1, at: 1, envelope: '{}' },
  ...{ id, sender, sequence: 1, incarnation: 'i' },
});

test('a message that was handled is not handled again; one whose handling failed is, and an id is of its sender alone', async () => {
  const handled: string[] = [];
  let fails = true;
  const handler = skipRepeats(async (records) => {
    if (fails) throw new Error('not now');
    handled.push(...records.map(({ sender, id }) => `${sender}/${id}`));
  });
  await expect(handler([record('1')])).rejects.toThrow('not now');
  fails = false;
  await handler([record('1'), record('1'), record('2')]);
  await handler([record('2'), record('1', 'ben')]);
  await handler([record('1')]);
  expect(handled).toEqual(['ann/1', 'ann/2', 'ben/1']);
});

test('the oldest are forgotten first when there are too many', async () => {
  const handled: string[] = [];
  const handler = skipRepeats(async (records) => void handled.push(...records.map(({ id }) => id)), 2);
  for (const id of ['1', '2', '3', '3', '2', '1']) await handler([record(id)]);
  expect(handled).toEqual(['1', '2', '3', '1']);
});

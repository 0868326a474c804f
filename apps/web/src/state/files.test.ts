import { expect, test } from 'bun:test';
import type { Attachments } from '@konferenco/client/attachments';
import { createFiles } from './files.ts';

function world() {
  const told: string[] = [];
  const me = { id: 'mere', name: 'Mere' };
  const load = async (user: string): Promise<Attachments> => {
    told.push(`load ${user}`);
    const part = { forget: async () => void told.push('forget'), close: async () => void told.push('close') };
    return part as unknown as Attachments;
  };
  const files = createFiles({
    client: { me, ready: Promise.resolve() },
    load,
    onFault: (error) => told.push(String(error)),
  });
  return { files, told };
}

test('is loaded once for all who ask', async () => {
  const { files, told } = world();
  expect(files.now.state()).toBeNull();
  const [one, other] = await Promise.all([files.open(), files.open()]);
  expect(one).toBe(other);
  expect(files.now.state()).toBe(one);
  expect(told).toEqual(['load mere']);
});

test('signing out removes what is kept, also where nothing was loaded; a sign-in that ends leaves it', async () => {
  const { files, told } = world();
  await files.end('forget');
  expect(told.splice(0)).toEqual(['load mere', 'forget', 'close']);
  await files.open();
  files.choose('ch:hall', [new File(['a'], 'a.txt')]);
  await files.end('keep');
  expect(told).toEqual(['load mere', 'close']);
  expect(files.chosen('ch:hall').state()).toEqual([]);
  expect(files.now.state()).toBeNull();
});

test('pictures wait for their smaller copy, other files are ready', () => {
  const { files } = world();
  const chosen = [new File(['a'], 'a.jpg', { type: 'image/jpeg' }), new File(['a'], 'a.gif', { type: 'image/gif' })];
  files.choose('ch:hall', chosen);
  const stands = files.chosen('ch:hall').state();
  expect(stands.map(({ ready, isPicture }) => [ready !== null, isPicture])).toEqual([
    [false, true],
    [true, false],
  ]);
  expect(new Set(stands.map(({ key }) => key)).size).toBe(2);
});

import { expect, test } from 'bun:test';
import { WorkerPort } from './worker-port.ts';

interface Requests {
  echo: { request: string; reply: string };
  fail: { request: null; reply: null };
  die: { request: null; reply: null };
  close: { request: null; reply: null };
}

function startEcho() {
  const broken: string[] = [];
  const url = new URL('./testing/echo-worker.ts', import.meta.url);
  const port = new WorkerPort<Requests>('echo', url, { damage: () => {}, broken: (reason) => broken.push(reason) });
  return { port, broken };
}

test('a request that fails leaves the others alone', async () => {
  const { port } = startEcho();
  const results = await Promise.allSettled([
    port.request('echo', 'a'),
    port.request('fail', null),
    port.requestWithText('echo', 'b "c"\n'),
  ]);
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.name))).toEqual([
    'a',
    'StoreUnavailableError',
    'b "c"\n',
  ]);
  await port.end('close');
});

test('a dead worker fails what is pending and what comes later, and says so once', async () => {
  const { port, broken } = startEcho();
  await port.request('echo', 'a');
  const results = await Promise.allSettled([port.request('die', null), port.request('echo', 'b')]);
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
  await expect(port.request('echo', 'c')).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  expect(broken.length).toBe(1);
  await port.end('close');
});

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Client, createClient, type Receipt } from '@konferenco/client';
import { until } from '../system/support/until.ts';
import { history, PATIENCE_MS, useCluster } from './support.ts';

const cluster = useCluster(async () => ({ KONFERENCO_DIGEST_RATE: '10000' }));
const TEST_MS = 400_000;
const WRITERS = 6;
/** Mean pause between two messages of a writer, in milliseconds. */
const PACE_MS = 20;

/** Answers requests like a proxy in front: through whatever node is there. */
let front: Bun.Server<undefined>;
beforeAll(() => {
  front = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const body = request.body ? await request.arrayBuffer() : null;
      for (const { url } of cluster().topology.nodes) {
        const { method, headers } = request;
        const answer = await fetch(url + pathname + search, { method, headers, body }).catch(() => null);
        if (answer && answer.status < 500) return answer;
      }
      return new Response(null, { status: 502 });
    },
  });
});
afterAll(() => front.stop(true));

interface Writer {
  readonly client: Client;
  readonly name: string;
  readonly acknowledged: { readonly text: string; readonly receipt: Receipt }[];
  readonly failures: unknown[];
}

async function startWriter(name: string): Promise<Writer> {
  const client = createClient({ url: `http://127.0.0.1:${front.port}` });
  await client.signIn({ name });
  await client.connect();
  await client.channel('hall').open();
  return { client, name, acknowledged: [], failures: [] };
}

const heard = ({ client }: Writer) =>
  client
    .channel('hall')
    .state()
    .timeline.flatMap((entry) => (entry.kind === 'message' ? [entry.text] : []));

// proves CN-11, CN-22
test(
  'nodes are upgraded one by one under load: no publish fails, nothing is lost, and the order stays',
  async () => {
    const writers = await Promise.all(Array.from({ length: WRITERS }, (_, n) => startWriter(`w${n}`)));
    let isOver = false;
    const writing = writers.map(async ({ client, name, acknowledged, failures }) => {
      for (let n = 1; !isOver; n++) {
        const text = `${name} ${n}`;
        const send = client.channel('hall').send(text);
        await send.then(
          (receipt) => acknowledged.push({ text, receipt }),
          (error: unknown) => failures.push(error),
        );
        await Bun.sleep(PACE_MS);
      }
    });
    const rounds: number[] = [];
    for (const node of cluster().topology.nodes) {
      const begun = performance.now();
      const at = writers.map(({ acknowledged }) => acknowledged.length);
      await node.stop?.();
      await node.restart();
      rounds.push(Math.round(performance.now() - begun));
      const allSpeak = () => writers.every(({ acknowledged }, index) => acknowledged.length > (at[index] ?? 0) + 5);
      await until(allSpeak, `everybody goes on after ${node.name}`, PATIENCE_MS);
    }
    isOver = true;
    await Promise.all(writing);
    console.log(`a node was emptied and back after ${rounds.join(', ')} ms`);

    expect(writers.flatMap(({ failures }) => failures)).toEqual([]);
    const stored = await history(cluster().node(1).url, 'reader', 'ch:hall');
    expect(stored.map(({ offset }) => offset)).toEqual(stored.map((_, index) => index + 1));
    expect(stored.length).toBe(writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0));
    for (const { name, acknowledged } of writers) {
      const own = stored.flatMap(({ text }) => (text.startsWith(`${name} `) ? [text] : []));
      expect(own).toEqual(acknowledged.map(({ text }) => text));
      for (const { text, receipt } of acknowledged) expect(stored[receipt.offset - 1]?.text).toBe(text);
    }
    const all = stored.map(({ text }) => text).join();
    await until(
      () => writers.every((writer) => all.endsWith(heard(writer).join())),
      'everybody hears all in order',
      PATIENCE_MS,
    );
    for (const writer of writers) expect(heard(writer).at(-1)).toBe(stored.at(-1)?.text ?? '');
    await Promise.all(writers.map(({ client }) => client.close()));
  },
  TEST_MS,
);

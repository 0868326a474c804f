import { expect, test } from 'bun:test';
import { SeededRandom } from '@konferenco/testkit';
import { ask } from '../cluster/support.ts';
import { bothHave, envelopeOf, useUplink } from './support.ts';

const uplink = useUplink();
const KILLS_OF_A_SIDE = 10;
const LOG = 'ch:stage';

// proves UP-2, UP-5, UP-6
test('each side is killed ten times, in the middle of writing and applying: nothing is lost, doubled or reordered', async () => {
  const writers = ['ann', 'ben', 'cat', 'dan'].map((name, index) =>
    write(name, index % 2 === 0 ? uplink().homePort : uplink().mirrorPort),
  );
  const killing = async (side: 'Home' | 'Mirror', seed: number) => {
    const random = new SeededRandom(seed);
    for (let kill = 0; kill < KILLS_OF_A_SIDE; kill++) {
      await Bun.sleep(random.int(5, 400));
      await (side === 'Home' ? uplink().home : uplink().mirror).kill();
      await uplink()[`start${side}`]();
    }
  };
  await Promise.all([killing('Home', 20261121), killing('Mirror', 20261122)]);
  const said = await Promise.all(writers.map((writer) => writer.end()));
  await uplink().together();
  const found = await bothHave(
    uplink(),
    LOG,
    'ann',
    said.reduce((sum, { length }) => sum + length, 0),
  );
  for (const acknowledged of said) {
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.map(({ offset }) => found[offset - 1])).toEqual(acknowledged.map(({ text }) => text));
    expect(acknowledged.every(({ offset }, index) => offset > (acknowledged[index - 1]?.offset ?? 0))).toBe(true);
  }
  console.log(`${found.length} messages through ${2 * KILLS_OF_A_SIDE} kills`);
}, 300_000);

interface Acknowledged {
  readonly text: string;
  readonly offset: number;
}

/** Writes one message after the other, each until it is acknowledged, under one id. */
function write(user: string, port: number): { end(): Promise<readonly Acknowledged[]> } {
  const acknowledged: Acknowledged[] = [];
  let isOver = false;
  const loop = async () => {
    for (let n = 0; !isOver; n++) {
      const text = `${user} ${n}`;
      const frames = { since: 1, frames: [{ type: 'publish', ref: 1, envelope: envelopeOf(user, 'stage', text) }] };
      for (let offset = 0; offset === 0; ) {
        const answer = await ask(`http://127.0.0.1:${port}`, user, 'POST /api/frames', frames).catch(() => null);
        offset = Number(/"offset":(\d+)/.exec(answer?.body ?? '')?.[1] ?? 0);
        if (offset > 0) acknowledged.push({ text, offset });
        else await Bun.sleep(10);
      }
    }
  };
  const running = loop();
  return {
    async end() {
      isOver = true;
      await running;
      return acknowledged;
    },
  };
}

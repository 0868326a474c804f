import { expect, test } from 'bun:test';
import { createClient } from '@konferenco/client';
import type { TestClient } from '@konferenco/testkit';
import { until } from '../system/support/until.ts';
import { allSee, ask, PATIENCE_MS, publish, useCluster } from './support.ts';

const cluster = useCluster(async () => ({ KONFERENCO_RATE_LIMITS: 'on' }));
const TEST_MS = 400_000;

const isSeen = (watcher: TestClient, user: string, status: string) =>
  until(() => watcher.sdk.presence.status(user) === status, `${watcher.userId} sees ${user} as ${status}`, PATIENCE_MS);

/** They talk in turns from two nodes, everybody hears all of it in one order, and a stranger signs in at the third. */
async function lifeGoesOn(people: readonly TestClient[], channel: string): Promise<void> {
  const said: string[] = [];
  for (const round of [1, 2, 3]) {
    for (const person of people) {
      const text = `${person.userId} ${round}`;
      await person.sendChannelMessage(channel, { text });
      said.push(text);
    }
  }
  await allSee(people, channel, said);
  const stranger = createClient({ url: cluster().node(3).url });
  await stranger.signIn({ name: `Stranger in ${channel}` });
  await stranger.connect();
  expect(stranger.link.kind).toBe('online');
  await stranger.close();
}

/** Requests of one person at two nodes at once, each fewer than one node allows; `alone`: those that were not counted together. */
async function ofOnePerson(user: string) {
  const nodes = [1, 2];
  const alone = async () => {
    const counts = await Promise.all(nodes.map((number) => cluster().metric(number, 'konferenco_rates_alone_total')));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const aloneBefore = await alone();
  const started = performance.now();
  const asked = nodes.map(async (number) => {
    const answers: number[] = [];
    for (let n = 0; n < 110; n++) answers.push((await ask(cluster().node(number).url, user, 'GET /api/me')).status);
    return answers;
  });
  const statuses = (await Promise.all(asked)).flat();
  return { statuses, refilled: ((performance.now() - started) / 1_000) * 10 + 1, alone: (await alone()) - aloneBefore };
}

// proves PS-16
test(
  'requests of one person count at all nodes together: what two nodes would each allow, both refuse',
  async () => {
    let round = 0;
    let last = await ofOnePerson('busy');
    // Where the machine is so busy that Redis does not answer in time, each node counts for itself, and says so.
    while (last.alone > 0) last = await ofOnePerson(`busy-${++round}`);
    const passed = last.statuses.filter((status) => status === 200).length;
    expect(passed).toBeGreaterThanOrEqual(120);
    expect(passed).toBeLessThanOrEqual(120 + last.refilled);
    expect(last.statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
  },
  TEST_MS,
);

test(
  'Redis is killed: people talk, sign in and see each other; each node counts rates for itself; empty, it comes back by itself',
  async () => {
    const mere = await cluster().person('mere', 1, 'awa');
    const hone = await cluster().person('hone', 2, 'awa');
    hone.sdk.presence.watch({ users: ['mere', 'late'] });
    await isSeen(hone, 'mere', 'online');

    await cluster().service('redis').kill();
    await cluster().sees('redis', 'away');
    expect(await cluster().metric(1, 'konferenco_part_up{part="redis"}')).toBe(0);
    expect((await ask(cluster().node(1).url, 'mere', 'GET /readyz')).status).toBe(200);
    await lifeGoesOn([mere, hone], 'awa');
    mere.sdk.presence.set('busy');
    await isSeen(hone, 'mere', 'busy');
    const late = await cluster().person('late', 3);
    late.sdk.presence.watch({ users: ['mere'] });
    await isSeen(late, 'mere', 'busy');
    await isSeen(hone, 'late', 'online');

    const spend = async (number: number) => {
      const answers: string[] = [];
      for (let n = 0; n < 11; n++)
        answers.push((await publish(cluster().node(number).url, 'eager', 'hall', `${number} ${n}`)).error);
      return answers;
    };
    const once = [...Array.from({ length: 10 }, () => ''), 'rate_limited'];
    expect(await spend(1)).toEqual(once);
    expect(await spend(2)).toEqual(once);
    expect(await cluster().metric(1, 'konferenco_rates_alone_total')).toBeGreaterThan(0);

    await cluster().service('redis').restart();
    await cluster().sees('redis', 'working');
    const later = await cluster().person('later', 3);
    later.sdk.presence.watch({ users: ['mere', 'hone'] });
    await isSeen(later, 'mere', 'busy');
    await isSeen(later, 'hone', 'online');
    await until(
      async () => {
        const user = `eager-${crypto.randomUUID()}`;
        const urls = [1, 2].map((number) => cluster().node(number).url);
        const answers: string[] = [];
        for (let n = 0; n < 11; n++) answers.push((await publish(urls[n % 2] ?? '', user, 'hall', `${n}`)).error);
        return answers.at(-1) === 'rate_limited';
      },
      'the nodes count together again',
      PATIENCE_MS,
    );
  },
  TEST_MS,
);

// proves PS-10, CN-16
test(
  'Redis hangs: messages do not wait for it, and it is used again once it answers',
  async () => {
    const [ana, tama] = [await cluster().person('ana', 1, 'maunga'), await cluster().person('tama', 2, 'maunga')];
    tama.sdk.presence.watch({ users: ['ana'] });
    await isSeen(tama, 'ana', 'online');
    cluster().service('redis').pause();
    try {
      await cluster().sees('redis', 'away');
      await lifeGoesOn([ana, tama], 'maunga');
      ana.sdk.presence.set('away');
      await isSeen(tama, 'ana', 'away');
    } finally {
      cluster().service('redis').resume();
    }
    await cluster().sees('redis', 'working');
  },
  TEST_MS,
);

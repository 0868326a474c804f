import { expect, test } from 'bun:test';
import { type Client, createClient } from '@konferenco/client';
import { until } from '../system/support/until.ts';
import { allSee, ask, PATIENCE_MS, publish, texts, useCluster } from './support.ts';

const cluster = useCluster();
const TEST_MS = 400_000;
const EVENT = 'hui-taiao-2026';
const OWNER = 'ngaire-holloway';

/** Somebody who signed in properly, on whatever node was chosen. */
async function signedIn(name: string): Promise<{ client: Client; ended: () => number | null }> {
  const client = createClient({ url: cluster().node(1).url });
  await client.signIn({ name });
  await client.connect();
  return { client, ended: () => (client.link.kind === 'signed_out' ? client.link.code : null) };
}

// proves DL-13, BU-6, BU-12, BU-13, CN-17
test(
  'NATS is killed: what is stored is acknowledged and reaches other nodes, bans count where they are asked for, and all catches up once',
  async () => {
    const mere = await cluster().person('mere', 1, 'hall');
    const hone = await cluster().person('hone', 2, 'hall');
    await cluster().person('rua', 3, 'hall');
    const leaver = await signedIn('Leaver');
    const other = await Promise.all(['Ahi', 'Wai', 'Hau'].map(signedIn));
    const unwanted = other[0];
    const banned = unwanted?.client.me?.id ?? '';
    await mere.sendChannelMessage('hall', { text: 'before' });
    await allSee([mere, hone], 'hall', ['before']);
    const direct: (string | undefined)[] = [];
    hone.onMessage(({ log, payload }) => void (log.startsWith('dm:') && direct.push(payload.text)));
    const isTyping = () => hone.sdk.channel('hall').state().typing.includes('mere');
    const typingArrives = () =>
      until(
        () => {
          mere.sdk.channel('hall').typing();
          return isTyping();
        },
        'typing arrives',
        PATIENCE_MS,
      );
    await typingArrives();
    await cluster().streamsAreWhole();

    await cluster().service('nats').kill();
    await cluster().sees('nats', 'away');
    expect(await cluster().metric(2, 'konferenco_part_up{part="nats"}')).toBe(0);
    await until(() => !isTyping(), 'the last sign of typing has lapsed', PATIENCE_MS);
    const said = ['before'];
    for (const n of [1, 2, 3]) {
      mere.sdk.channel('hall').typing();
      await mere.sendChannelMessage('hall', { text: `mere ${n}` });
      await hone.sendChannelMessage('hall', { text: `hone ${n}` });
      said.push(`mere ${n}`, `hone ${n}`);
    }
    await mere.sendDirectMessage('hone', { text: 'between us' });
    await allSee([mere, hone], 'hall', said);
    await until(() => direct.includes('between us'), 'the direct message reaches the other node', PATIENCE_MS);
    expect(isTyping()).toBe(false);

    // Told to one node while the others cannot hear of it.
    await leaver.client.rest('signOut');
    const { status } = await ask(cluster().node(1).url, OWNER, `DELETE /api/events/${EVENT}/members/${banned}`);
    expect(status).toBe(200);
    expect((await publish(cluster().node(1).url, banned, 'hall', 'let me')).error).toBe('banned');

    await cluster().service('nats').restart();
    await cluster().sees('nats', 'working');
    await until(() => leaver.ended() === 4300, 'the ended sign-in has no connection any more', PATIENCE_MS);
    await until(() => unwanted?.ended() === 4301, 'the banned person has no connection any more', PATIENCE_MS);
    await typingArrives();
    await mere.sendChannelMessage('hall', { text: 'after' });
    await allSee([mere, hone], 'hall', [...said, 'after']);
    await cluster().streamsAreWhole();
    expect(texts(hone, 'hall')).toEqual([...said, 'after']);
    await Promise.all([leaver, ...other].map(({ client }) => client.close()));
  },
  TEST_MS,
);

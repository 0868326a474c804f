import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Client, createClient } from '@konferenco/client';
import { createLog, loadConfig, type RunningServer, startServer } from '@konferenco/server';
import { OfflineDevice } from './support/offline-device.ts';
import { until } from './support/until.ts';

const EVENT = 'hui-taiao-2026';
const HOUR = 3_600_000;

let server: RunningServer;
const devices: OfflineDevice[] = [];
let organiser: Client;

beforeAll(async () => {
  const env = { KONFERENCO_LOG_LEVEL: 'error', KONFERENCO_STORAGE: 'memory', KONFERENCO_RATE_LIMITS: 'off', PORT: '0' };
  const config = loadConfig(env, []);
  server = await startServer({ config, log: createLog(config.logLevel), seed: true });
  organiser = createClient({ url: address() });
  await organiser.signIn({ name: 'Ngaire Holloway' });
  await organiser.connect();
});

afterAll(async () => {
  for (const device of devices) await device.client.close();
  await organiser.close();
  await server.stop({ drain_ms: 0 });
});

function address(): string {
  return `http://127.0.0.1:${server.port}`;
}

async function device(user: string): Promise<OfflineDevice> {
  const created = new OfflineDevice({ url: address(), demoUser: user });
  devices.push(created);
  await created.start();
  return created;
}

/** A programme that is on the device. */
async function programme(client: Client) {
  const shown = client.programme(EVENT);
  await until(() => shown.state().ready, 'the programme is here');
  return shown;
}

const sessionOf = (shown: ReturnType<Client['programme']>, id: string) =>
  shown.state().sessions.find((session) => session.id === id);

// proves RP-1, RP-4
describe('two devices of one person', () => {
  test('agree on what was marked on either, with and without a network, and after a restart', async () => {
    const phone = await device('mere-tawhai');
    const laptop = await device('mere-tawhai');
    const [mine, same] = [await programme(phone.client), await programme(laptop.client)];
    const [first, second] = mine.state().sessions.map(({ id }) => id) as [string, string];
    await mine.setFavourite(first, true);
    await until(() => sessionOf(same, first)?.favourite === true, 'the laptop shows it too');
    phone.offline();
    laptop.offline();
    await mine.setFavourite(first, false);
    await same.setFavourite(second, true);
    await phone.restart();
    const again = phone.client.programme(EVENT);
    await until(() => again.state().ready, 'the programme is on the phone without a network');
    expect(sessionOf(again, first)).toMatchObject({ favourite: false, pending: true });
    expect(again.state().sessions).toHaveLength(mine.state().sessions.length);
    await Promise.all([phone.online(), laptop.online()]);
    for (const shown of [again, same]) {
      await until(() => {
        const [one, two] = [sessionOf(shown, first), sessionOf(shown, second)];
        return one?.favourite === false && two?.favourite === true && !one.pending && !two.pending;
      }, 'both show the same');
    }
  }, 120_000);
});

// proves RP-5
describe('the four conflicts', () => {
  test('of two who change one session, the later stands, and the other is told', async () => {
    const other = await device('hemi-rangihuna');
    const [mine, theirs] = [await programme(other.client), await programme(organiser)];
    const session = mine.state().sessions[0]?.id ?? '';
    other.offline();
    await mine.change(session, { room: 'Marquee' });
    const written = Date.now();
    await until(() => Date.now() > written + 50, 'it is later by everybody’s clock');
    await theirs.change(session, { room: 'Hall' });
    await until(() => sessionOf(theirs, session)?.pending === false, 'the later change is stored');
    await other.online();
    await until(() => other.conflicts.length > 0, 'the conflict is told');
    expect(other.conflicts).toEqual([
      {
        ...{ kind: 'overridden', document: `session/${session}`, event: EVENT, by: 'ngaire-holloway' },
        ...{ field: 'room', mine: 'Marquee', theirs: 'Hall' },
      },
    ]);
    await until(() => sessionOf(mine, session)?.pending === false, 'nothing waits');
    expect(sessionOf(mine, session)?.room).toBe('Hall');
  }, 120_000);

  test('a meeting accepted offline whose time changed meanwhile is to be accepted again', async () => {
    const [mere, priya] = [await device('mere-tawhai'), await device('priya-nair')];
    const starts_at = Date.now() + 30 * HOUR;
    const meeting = await priya.client.meetings.request({
      ...{ with: 'mere-tawhai', title: 'Worms', starts_at, ends_at: starts_at + HOUR },
    });
    const shown = (of: OfflineDevice) => of.client.meetings.state().items.find(({ id }) => id === meeting);
    await until(() => shown(mere)?.standing === 'waiting_for_me', 'the request arrives');
    mere.offline();
    await mere.client.meetings.accept(meeting);
    expect(shown(mere)).toMatchObject({ standing: 'agreed', pending: true });
    await priya.client.meetings.propose(meeting, { starts_at: starts_at + HOUR, ends_at: starts_at + 2 * HOUR });
    await until(() => shown(priya)?.pending === false, 'the new time is stored');
    await mere.online();
    await until(() => mere.conflicts.length > 0, 'the conflict is told');
    expect(mere.conflicts).toEqual([{ kind: 'accept_again', meeting }]);
    await until(() => shown(mere)?.pending === false, 'nothing waits');
    expect(shown(mere)).toMatchObject({ standing: 'waiting_for_me', accept_again: true });
    await mere.client.meetings.accept(meeting);
    await until(() => shown(priya)?.standing === 'agreed', 'the other knows');
  }, 120_000);

  test('an organiser’s removal wins against joining a channel offline', async () => {
    const jack = await device('jack-whitcombe');
    await until(() => jack.client.own.state().channels.length > 0, 'the channels are here');
    await jack.client.own.joinChannel('wai');
    await until(() => organiserSees('wai', 'jack-whitcombe'), 'he is a member');
    jack.offline();
    await jack.client.own.leaveChannel('wai');
    await organiser.rest('removeChannelMember', { params: { channel: 'wai', user: 'jack-whitcombe' } });
    // Within one run of the program, leaving and joining again would cancel out and nothing would be sent.
    await jack.restart();
    await jack.client.own.joinChannel('wai');
    await jack.online();
    await until(() => jack.client.waiting === 0, 'everything is answered');
    expect(jack.client.own.state().channels).not.toContain('wai');
    expect(jack.conflicts).toEqual([{ kind: 'removed', channel: 'wai' }]);
  }, 120_000);

  test('messages written offline keep their place', async () => {
    const [aroha, lena] = [await device('aroha-potiki'), await device('lena-brandt')];
    const texts = (of: OfflineDevice) =>
      of.client
        .channel('korero')
        .state()
        .timeline.flatMap((entry) => (entry.kind === 'message' ? [entry.text] : []));
    await Promise.all([aroha.client.channel('korero').open(), lena.client.channel('korero').open()]);
    aroha.offline();
    const sent = [1, 2, 3].map((n) => aroha.client.channel('korero').send(`from the shed ${n}`));
    await aroha.online();
    await Promise.all(sent);
    await until(() => texts(lena).includes('from the shed 3'), 'they arrive');
    const written = (all: readonly string[]) => all.filter((text) => text.startsWith('from the shed'));
    expect(written(texts(lena))).toEqual([1, 2, 3].map((n) => `from the shed ${n}`));
    expect(written(texts(aroha))).toEqual(written(texts(lena)));
  }, 120_000);
});

async function organiserSees(channel: string, user: string): Promise<boolean> {
  const { items } = await organiser.rest('channelMembers', { params: { channel } });
  return items.some((member) => member.user.id === user);
}

// proves RP-2
test('a programme of 500 sessions arrives page by page, and what changed while away by its operations', async () => {
  const event = await programme(organiser);
  const before = event.state().sessions.length;
  const starts_at = Date.now() + 48 * HOUR;
  const added = Array.from({ length: 500 }, (_, n) => `bulk-${String(n).padStart(3, '0')}`);
  await Promise.all(
    added.map((id) => event.change(id, { title: `Talk ${id}`, room: 'A', starts_at, ends_at: starts_at + HOUR })),
  );
  await until(() => organiser.waiting === 0, 'all are stored', 30_000);
  const wiremu = await device('wiremu-paraone');
  const shown = await programme(wiremu.client);
  expect(shown.state().sessions).toHaveLength(before + 500);
  wiremu.offline();
  await event.change('bulk-007', { room: 'B' });
  await until(() => organiser.waiting === 0, 'the change is stored');
  await wiremu.online();
  await until(() => sessionOf(shown, 'bulk-007')?.room === 'B', 'the change arrives');
  const scope = wiremu.client.sync.state().scopes.find(({ namespace }) => namespace === 'schedule');
  expect(scope).toMatchObject({ event: EVENT });
}, 240_000);

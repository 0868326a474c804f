import { expect, test } from 'bun:test';
import { applyOperation, documentsOf, removalTags, viewFields, viewSet } from '@konferenco/core';
import type { Envelope } from '@konferenco/protocol';
import fc from 'fast-check';
import { joinChannel, leaveChannel, removeChannelMember } from '../accounts/channels.ts';
import { Refused } from '../accounts/refused.ts';
import { Serial } from '../accounts/serial.ts';
import { updateProfile } from '../accounts/people.ts';
import { block, unblock } from '../accounts/preferences.ts';
import type { World } from '../accounts/test-world.ts';
import { loadPersonal } from './personal-store.ts';
import { applied, createProgramme, deltaOf, type Documents, HOUR, snapshotOf, Writer } from './test-sync.ts';

const MEETING = '01932b00-0000-7000-8000-00000000000a';
const SCHEDULE = { namespace: 'schedule', event: 'hui' } as const;
const PEOPLE = ['aroha', 'ben'] as const;

/** What one device does; each refers to nothing but what it finds. */
const action = fc.record({
  what: fc.constantFrom(
    ...(['favourite', 'attend', 'unattend', 'join', 'leave', 'rest_join', 'rest_leave', 'expel', 'block'] as const),
    ...(['unblock', 'name', 'rest_name', 'setting', 'ask', 'accept', 'propose', 'cancel', 'agenda'] as const),
    ...(['move_session', 'cancel_session', 'reinstate'] as const),
  ),
  person: fc.constantFrom(0, 1),
  device: fc.constantFrom('phone', 'laptop'),
  node: fc.constantFrom(0, 1),
  number: fc.integer({ min: 1, max: 4 }),
});
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

async function act(nodes: readonly World[], writers: ReadonlyMap<string, Writer>, one: Action): Promise<void> {
  const world = nodes[one.node]!;
  const user = PEOPLE[one.person as 0 | 1];
  const peer = PEOPLE[one.person === 0 ? 1 : 0];
  const writer = writers.get(`${one.node}/${user}/${one.device}`)!;
  const owner = writers.get(`${one.node}/owen/${one.device}`)!;
  const tags = async (key: string, element: string) =>
    removalTags((await loadPersonal(world, user, key)).value, element);
  const slot = {
    starts_at: world.clock.now() + one.number * HOUR,
    ends_at: world.clock.now() + (one.number + 1) * HOUR,
  };
  const meeting = (subtype: string, payload: object) => writer.meeting(subtype, peer, { meeting: MEETING, ...payload });
  const proposal = async () => {
    const row = await world.store.get('meeting', MEETING);
    const fields = (row?.value as { said?: { f?: [string][] } })?.said?.f ?? [];
    return fields.find(([field]) => field.startsWith('proposal/'))?.[0].slice('proposal/'.length) ?? 'none:1';
  };
  switch (one.what) {
    case 'favourite':
      return void (await writer.add('favourites', `s${one.number}`));
    case 'attend':
      return void (await writer.add('attending', 'repo'));
    case 'unattend':
      return void (await writer.remove('attending', 'repo', await tags('attending', 'repo')));
    case 'join':
      return void (await writer.add('channels', 'general'));
    case 'leave':
      return void (await writer.remove('channels', 'general', await tags('channels', 'general')));
    case 'rest_join':
      return void (await joinChannel(world, user, 'general'));
    case 'rest_leave':
      return leaveChannel(world, user, 'general');
    case 'expel':
      return removeChannelMember(world, 'owen', 'general', user);
    case 'block':
      return block(world, user, peer);
    case 'unblock':
      return unblock(world, user, peer);
    case 'name':
      return void (await writer.set('profile', 'name', `Name ${one.number}`));
    case 'rest_name':
      return void (await updateProfile(world, user, { name: `Other ${one.number}` }));
    case 'setting':
      return void (await writer.set('settings', `f${one.number}`, one.device));
    case 'ask':
      return void (await meeting('request', { title: 'Talk', ...slot, ...writer.stamp() }));
    case 'accept':
      return void (await meeting('accept', { proposal: await proposal(), ...writer.stamp() }));
    case 'propose':
      return void (await meeting('propose_time', { ...slot, ...writer.stamp() }));
    case 'cancel':
      return void (await meeting('cancel', writer.stamp()));
    case 'agenda': {
      const said = writer.stamp();
      return void (await meeting('agenda_change', {
        ...said,
        change: { op: 'insert', item: said.dot, after: null, text: 'x' },
      }));
    }
    case 'move_session':
      return void (await owner.session('repo', { ...slot, room: `R${one.number}` }));
    case 'cancel_session':
      return void (await owner.schedule('session_cancelled', { session: 'repo', ...owner.stamp() }));
    case 'reinstate':
      return void (await owner.session('repo', { cancelled: false }));
  }
}

/** Every envelope of these logs in the order it was stored, each log on its own. */
async function replay(world: World, logs: readonly string[], me: string | undefined, from: Documents) {
  const documents = new Map(from);
  for (const log of logs) {
    const { entries } = await world.store.read(log, { after: 0, limit: 1_000, max_bytes: 1e7 });
    for (const { envelope: json } of entries) {
      const envelope = JSON.parse(json ?? '') as Envelope;
      for (const { key } of documentsOf(envelope, me))
        documents.set(key, applyOperation(key, documents.get(key) ?? null, envelope));
    }
  }
  return documents;
}

/** What permission, blocks, names and lists are read from says what the documents say. */
async function expectRowsToAgree({ store }: World, user: string, documents: Documents): Promise<void> {
  const elements = (key: string) => viewSet(documents.get(key) ?? null);
  const rows = async (collection: string) =>
    (await store.list(collection, `${user}/`, { limit: 100 })).map(({ key }) => key.split('/')[1] ?? '').sort();
  expect(elements('channels')).toEqual(await rows('user_channel'));
  expect(elements('blocked')).toEqual(await rows('block'));
  expect((await store.get('channel_member', `general/${user}`)) !== null).toBe(
    elements('channels').includes('general'),
  );
  const profile = viewFields(documents.get('profile') ?? null);
  expect((await store.get('user', user))?.value).toMatchObject({ name: profile['name'] });
  const counted = await store.list('attendance_change', 'hui/repo/', { limit: 100 });
  const going = counted.filter(({ key }) => key.includes(`/${user}-`));
  const sum = going.reduce((total, { value }) => total + (value as { by: number }).by, 0);
  expect(sum).toBe(elements('attending').includes('repo') ? 1 : 0);
}

// proves SY-3
test('however devices and requests interleave on two nodes, log, delta and snapshot tell the same documents', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(action, { minLength: 1, maxLength: 6 }), { maxLength: 5 }), async (rounds) => {
      const world = await createProgramme();
      const nodes: readonly World[] = [world, { ...world, serial: new Serial() }];
      const writers = new Map(
        nodes.flatMap((node, index) =>
          ['owen', ...PEOPLE].flatMap((user) =>
            ['phone', 'laptop'].map((device): [string, Writer] => [
              `${index}/${user}/${device}`,
              new Writer(node, user, `${user}-${device}-${index}`),
            ]),
          ),
        ),
      );
      const begun = await Promise.all(PEOPLE.map((user) => snapshotOf(world, user, { namespace: 'personal', user })));
      for (const round of rounds) {
        world.clock.time += 1_000;
        const outcomes = await Promise.allSettled(round.map((one) => act(nodes, writers, one)));
        for (const outcome of outcomes)
          if (outcome.status === 'rejected' && !(outcome.reason instanceof Refused)) throw outcome.reason;
      }
      const programme = await snapshotOf(world, 'aroha', SCHEDULE);
      expect(
        applied(await deltaOf(world, 'aroha', SCHEDULE, 'memory:0'), new Map([['attendance', { v: 1, sessions: {} }]])),
      ).toEqual(new Map(programme));
      for (const [index, user] of PEOPLE.entries()) {
        const scope = { namespace: 'personal', user } as const;
        const snapshot = await snapshotOf(world, user, scope);
        const before = begun[index] ?? new Map();
        await expectRowsToAgree(world, user, snapshot);
        expect(applied(await deltaOf(world, user, scope, 'memory:0'), before)).toEqual(new Map(snapshot));
        expect(await replay(world, [`me:${user}`, 'dm:aroha:ben'], user, before)).toEqual(new Map(snapshot));
      }
    }),
    { numRuns: 150 },
  );
}, 120_000);

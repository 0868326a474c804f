import type {
  Conflict,
  Conflicts,
  Meeting,
  Meetings,
  Own,
  Programme,
  ProgrammeNotice,
  ProgrammeSession,
  ReplicatedState,
  SharedNotes,
  SyncView,
  ToldConflict,
} from '@konferenco/client';
import { createStore } from '../state/store.ts';
import { EVENT, ME, NOW, SESSIONS } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export interface FakeReplicatedOptions {
  readonly empty: boolean;
  /** Whether what is done here arrives; otherwise it waits. */
  readonly online: () => boolean;
  readonly changed: () => void;
}

export interface FakeReplicated extends ReplicatedState {
  /** What waits here: operations, not messages. */
  readonly operations: () => number;
  /** The link is back: what waits has gone. */
  deliver(): void;
  /** The person is told of a conflict. */
  tellConflict(conflict: Conflict): void;
  /** Somebody else writes in the minutes. */
  writeNotes(meeting: string, text: string): void;
}

/** Replicated state in memory: what is done while offline waits, everything else is there at once. */
export function createFakeReplicated(options: FakeReplicatedOptions): FakeReplicated {
  const programme = fakeProgramme(options);
  const meetings = fakeMeetings(options);
  const own = fakeOwn();
  const conflicts = fakeConflicts(programme);
  const waiting = (): number =>
    programme.state().sessions.filter((s) => s.pending).length + meetings.state().items.filter((m) => m.pending).length;
  const sync = fakeSync(options, waiting);
  return {
    programme: () => programme,
    meetings,
    own,
    conflicts,
    sync,
    operations: waiting,
    deliver() {
      programme.settle();
      meetings.settle();
      sync.tell();
    },
    writeNotes: meetings.writeNotes,
    tellConflict: conflicts.tell,
  };
}

function fakeConflicts({ change }: Pick<Programme, 'change'>): Conflicts & { tell(conflict: Conflict): void } {
  const store = createStore<readonly ToldConflict[]>([]);
  let count = 0;
  const dismiss = async (id: string): Promise<void> => store.set(store.state().filter((told) => told.id !== id));
  return {
    state: store.state,
    subscribe: store.subscribe,
    dismiss,
    async restoreMine(id) {
      const conflict = store.state().find((told) => told.id === id)?.conflict;
      if (conflict?.kind === 'overridden' && conflict.field === 'room')
        await change(conflict.document.slice('session/'.length), { room: conflict.mine });
      await dismiss(id);
    },
    tell: (conflict) => store.set([...store.state(), { id: `conflict-${++count}`, at: NOW, conflict }]),
  };
}

function fakeProgramme({ empty, online, changed }: FakeReplicatedOptions) {
  const start: readonly ProgrammeSession[] = SESSIONS.map((s) => ({
    ...s,
    cancelled: s.id === 's-4' ? { reason: 'The speaker’s flight was turned back.' } : null,
    favourite: ['s-2', 's-3', 's-5'].includes(s.id),
    attending: ['s-2', 's-5', 's-6'].includes(s.id),
    attendance: { 's-1': 412, 's-2': 38, 's-3': 57, 's-5': 21, 's-6': 1 }[s.id] ?? 0,
    pending: s.id === 's-5',
  }));
  const notices: readonly ProgrammeNotice[] = [
    {
      session: 's-3',
      title: 'What a buyer needs to know before lambing',
      changes: [
        { field: 'time', was: NOW + 30 * MINUTE, now: NOW + HOUR },
        { field: 'room', was: 'Room C', now: 'Room A' },
      ],
      at: NOW - 20 * MINUTE,
    },
    {
      session: 's-4',
      title: 'Cooperatives across borders: what travels and what does not',
      changes: [{ field: 'cancelled', reason: 'The speaker’s flight was turned back.' }],
      at: NOW - 5 * MINUTE,
    },
  ];
  const store = createStore({ sessions: empty ? [] : start, notices: empty ? [] : notices, ready: true });
  const put = async (id: string, change: (session: ProgrammeSession) => Partial<ProgrammeSession>): Promise<void> => {
    const state = store.state();
    const sessions = state.sessions.map((s) => (s.id === id ? { ...s, ...change(s), pending: !online() } : s));
    store.set({ ...state, sessions: sessions.toSorted((a, b) => a.starts_at - b.starts_at) });
    changed();
  };
  const view: Programme & { settle(): void } = {
    event: EVENT.id,
    state: store.state,
    subscribe: store.subscribe,
    setFavourite: (id, favourite) => put(id, () => ({ favourite })),
    setAttending: (id, attending) =>
      put(id, (s) => ({ attending, attendance: s.attendance + Number(attending) - Number(s.attending) })),
    async change(id, { cancelled, ...fields }) {
      if (!store.state().sessions.some((s) => s.id === id)) {
        const fresh: ProgrammeSession = { ...NEW_SESSION, id };
        store.set({ ...store.state(), sessions: [...store.state().sessions, fresh] });
      }
      await put(id, () => ({ ...fields, ...(cancelled === false ? { cancelled: null } : {}) }));
    },
    setSpeakers: (id, speakers) => put(id, () => ({ speakers })),
    cancel: (id, reason = '') => put(id, () => ({ cancelled: { reason } })),
    dismissNotices: () => store.set({ ...store.state(), notices: [] }),
    settle: () =>
      store.set({ ...store.state(), sessions: store.state().sessions.map((s) => ({ ...s, pending: false })) }),
  };
  return view;
}

const NEW_SESSION: ProgrammeSession = {
  id: '',
  title: '',
  room: '',
  starts_at: NOW,
  ends_at: NOW,
  speakers: [],
  abstract: '',
  cancelled: null,
  favourite: false,
  attending: false,
  attendance: 0,
  pending: false,
};

const meeting = (id: string, person: string, more: Partial<Meeting>): Meeting => ({
  id,
  with: person,
  by: person,
  title: '',
  place: '',
  note: '',
  starts_at: NOW + 3 * HOUR,
  ends_at: NOW + 3 * HOUR + 30 * MINUTE,
  proposal: `${id}:1`,
  proposed_by: person,
  standing: 'agreed',
  accept_again: false,
  reason: '',
  agenda: [],
  pending: false,
  clashes: [],
  ...more,
});

const MEETINGS: readonly Meeting[] = [
  meeting('m-1', 'u-mere', {
    title: 'Samples from the lower paddock',
    place: 'By the side door',
    agenda: [
      { id: 'a:1', text: 'Which samples to keep', done: true },
      { id: 'a:2', text: 'Who pays for the laboratory', done: false },
    ],
  }),
  meeting('m-2', 'u-tom', {
    title: 'Lambs for August',
    note: 'I have forty and would rather sell to somebody I have met.',
    starts_at: NOW + 2 * HOUR,
    ends_at: NOW + 2 * HOUR + 30 * MINUTE,
    standing: 'waiting_for_me',
    clashes: [{ kind: 'session', id: 's-6', title: 'Fencing a river without losing the river' }],
  }),
  meeting('m-3', 'u-ines', {
    title: 'Cooperatives, over coffee',
    place: 'Café',
    starts_at: NOW + 22 * HOUR,
    ends_at: NOW + 22 * HOUR + 30 * MINUTE,
    standing: 'waiting_for_me',
    accept_again: true,
  }),
  meeting('m-4', 'u-hone', {
    title: 'Chairs for tomorrow',
    by: ME.id,
    proposed_by: ME.id,
    starts_at: NOW + 19 * HOUR,
    ends_at: NOW + 19 * HOUR + 15 * MINUTE,
    standing: 'waiting_for_them',
    pending: true,
  }),
];

function fakeMeetings({ empty, online, changed }: FakeReplicatedOptions) {
  const store = createStore({ items: empty ? [] : MEETINGS, ready: true });
  const notes = new Map<string, ReturnType<typeof fakeNotes>>();
  const put = async (id: string, change: (m: Meeting) => Partial<Meeting>): Promise<void> => {
    const items = store.state().items.map((m) => (m.id === id ? { ...m, ...change(m), pending: !online() } : m));
    store.set({ ...store.state(), items: items.toSorted((a, b) => a.starts_at - b.starts_at) });
    changed();
  };
  const notesOf = (id: string): ReturnType<typeof fakeNotes> => {
    const found = notes.get(id) ?? fakeNotes('Bring the auger. ');
    notes.set(id, found);
    return found;
  };
  const view: Meetings & { settle(): void; writeNotes(id: string, text: string): void } = {
    state: store.state,
    subscribe: store.subscribe,
    async request(wish) {
      const id = `m-new-${store.state().items.length}`;
      const fresh = meeting(id, wish.with, { ...wish, by: ME.id, proposed_by: ME.id, standing: 'waiting_for_them' });
      store.set({ ...store.state(), items: [...store.state().items, fresh] });
      await put(id, () => ({}));
      return id;
    },
    accept: (id) => put(id, () => ({ standing: 'agreed', accept_again: false })),
    decline: (id, reason = '') => put(id, () => ({ standing: 'declined', reason })),
    propose: (id, slot) => put(id, () => ({ ...slot, proposed_by: ME.id, standing: 'waiting_for_them' })),
    cancel: (id, reason = '') => put(id, () => ({ standing: 'cancelled', reason })),
    addAgendaItem: (id, text) =>
      put(id, (m) => ({ agenda: [...m.agenda, { id: `${id}:${m.agenda.length}`, text, done: false }] })),
    setAgendaItem: (id, item, text, done) =>
      put(id, (m) => ({ agenda: m.agenda.map((a) => (a.id === item ? { ...a, text, done } : a)) })),
    removeAgendaItem: (id, item) => put(id, (m) => ({ agenda: m.agenda.filter((a) => a.id !== item) })),
    notes: async (id) => notesOf(id),
    settle: () => store.set({ ...store.state(), items: store.state().items.map((m) => ({ ...m, pending: false })) }),
    writeNotes: (id, text) => notesOf(id).hear(text),
  };
  return view;
}

/** Minutes in which the other writes at the beginning. */
function fakeNotes(first: string): SharedNotes & { hear(text: string): void } {
  const store = createStore(first);
  let added = 0;
  return {
    text: store.state,
    edit(text) {
      added = 0;
      store.set(text);
    },
    subscribe: store.subscribe,
    moved: (position) => position + added,
    keep: () => {},
    close: () => {},
    hear(text) {
      added = text.length;
      store.set(text + store.state());
    },
  };
}

function fakeOwn(): Own {
  const store = createStore<ReturnType<Own['state']>>({ blocked: ['u-yael'], channels: ['welcome'], settings: {} });
  const put = async (change: Partial<ReturnType<Own['state']>>): Promise<void> =>
    store.set({ ...store.state(), ...change });
  const without = (list: readonly string[], id: string): readonly string[] => list.filter((x) => x !== id);
  return {
    state: store.state,
    subscribe: store.subscribe,
    setBlocked: (user, on) =>
      put({ blocked: on ? [...store.state().blocked, user] : without(store.state().blocked, user) }),
    joinChannel: (id) => put({ channels: [...store.state().channels, id] }),
    leaveChannel: (id) => put({ channels: without(store.state().channels, id) }),
    setProfile: async () => {},
    setSetting: (field, value) => put({ settings: { ...store.state().settings, [field]: value } }),
  };
}

function fakeSync({ online }: FakeReplicatedOptions, waiting: () => number): SyncView & { tell(): void } {
  const at = NOW - 4 * MINUTE;
  const scopes = (syncing: boolean): ReturnType<SyncView['state']>['scopes'] => [
    { namespace: 'schedule', event: EVENT.id, documents: 9, version: 'e:41', synced_at: at, syncing },
    { namespace: 'personal', documents: 11, version: 'e:17', synced_at: at, syncing },
  ];
  let discarded: readonly string[] = [];
  // As the outbox of the fake client has them: the first cannot go before the second.
  const operations = (): ReturnType<SyncView['state']>['operations'] =>
    [
      { id: 'op-0', document: 'favourites', discardable: discarded.includes('op-1') },
      { id: 'op-1', document: 'favourites', discardable: true },
    ].filter(({ id }) => !discarded.includes(id));
  const state = (syncing = false) => ({
    scopes: scopes(syncing),
    waiting: waiting(),
    operations: operations(),
    synced_at: at,
  });
  const store = createStore<ReturnType<SyncView['state']>>(state());
  const work = async (): Promise<void> => {
    if (!online()) throw new Error('The server cannot be reached.');
    store.set(state(true));
    await Promise.resolve();
    store.set({ ...state(), synced_at: NOW });
  };
  return {
    state: store.state,
    subscribe: store.subscribe,
    syncNow: work,
    refetch: work,
    async discard(id) {
      discarded = [...discarded, id];
      store.set(state());
    },
    tell: () => store.set(state()),
  };
}

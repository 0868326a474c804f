import type { HistoryEvent, LogStored } from '../history.ts';
import type { ViolationKind } from '../violation.ts';
import { LOGS, logsOf, peopleOf, USERS } from './valid-history.ts';

/**
 * Makes one thing wrong in a valid history. `which` chooses among the places where that is possible; `null` when there
 * is none.
 */
export type Plant = (history: readonly HistoryEvent[], which: number) => HistoryEvent[] | null;

type Kind = HistoryEvent['kind'];
type EventOf<K extends Kind> = Extract<HistoryEvent, { readonly kind: K }>;
type Change<K extends Kind> = (event: EventOf<K>) => readonly HistoryEvent[];

/** One way, or several, to plant each kind of error. */
export const PLANTS: Readonly<Record<ViolationKind, readonly Plant[]>> = {
  lost: [changeEntry((log, at) => ({ ...log, entries: log.entries.toSpliced(at, 1) }), isAcknowledged)],
  wrong_offset: [
    change('ok', (ok) => [{ ...ok, offset: ok.offset + 1 }]),
    change('ok', (ok) => [{ ...ok, log: LOGS.find((log) => log !== ok.log) ?? '' }]),
  ],
  double: [
    changeEntry((log, at) => {
      const entry = log.entries[at];
      const again = entry && { ...entry, offset: log.head + 1 };
      return { ...log, head: log.head + 1, entries: again ? [...log.entries, again] : log.entries };
    }),
  ],
  phantom: [
    change('stored', (log) => {
      const entry = { offset: log.head + 1, id: 'id-0', sender: 'ann', body: 'body of id-0' };
      return [{ ...log, first: 1, head: log.head + 1, entries: [...log.entries, entry] }];
    }),
  ],
  altered: [
    changeEntry((log, at) => ({
      ...log,
      entries: log.entries.map((entry, i) => (i === at ? { ...entry, body: 'else' } : entry)),
    })),
    changeEntry((log, at) => ({
      ...log,
      entries: log.entries.map((entry, i) => (i === at ? { ...entry, sender: 'eve' } : entry)),
    })),
  ],
  refused_but_stored: [change('ok', ({ op, at }) => [{ kind: 'refused', at, op, code: 1001, error: 'invalid' }])],
  offset_hole: [
    change('stored', (log) => [{ ...log, first: 1, head: log.head + 1 }]),
    changeEntry((log, at) => ({
      ...log,
      entries: log.entries.map((entry, i) => (i >= at ? { ...entry, offset: entry.offset + 1 } : entry)),
    })),
    change('inbox', (inbox) => [{ ...inbox, first: 1, head: inbox.head + 1 }]),
  ],
  reorder: [swapEntries((a, b) => a.user === b.user)],
  time_travel: [swapEntries((a, b, history) => a.user !== b.user && endsBefore(history, a.op, b))],
  never_delivered: [forgetNewestOf('ch:hall'), forgetNewestOf('dm:ann:bob')],
  hole: [
    change(
      'seen',
      (seen) => [{ ...seen, items: seen.items.toSpliced(1, 1) }],
      ({ items }) => items.length > 2,
    ),
    change('gap', () => []),
  ],
  delivered_twice: [
    change('seen', (seen) => [{ ...seen, items: seen.items.flatMap((item, i) => (i === 0 ? [item, item] : [item])) }]),
    change('seen', (seen) => [seen, seen]),
  ],
  delivered_out_of_order: [
    change(
      'seen',
      (seen) => [{ ...seen, items: seen.items.toReversed() }],
      ({ items }) => items.length > 1,
    ),
  ],
  delivered_altered: [
    change('seen', (seen) => [{ ...seen, items: seen.items.map(([offset]) => [offset, 'else'] as const) }]),
  ],
  delivered_phantom: [change('seen', (seen) => [seen, { ...seen, items: [[9_999, 'body of id-1']] }])],
  delivered_early: [sendAfterTelling],
  false_gap: [
    change('follow', (follow) => [follow, { ...follow, kind: 'gap', from: 9_000, to: 9_001, reason: 'skipped' }]),
    change('seen', (seen) => {
      const offset = seen.items[0]?.[0] ?? 0;
      return [seen, { ...seen, kind: 'gap', from: offset, to: offset, reason: 'retention' }];
    }),
  ],
  cross_delivery: [
    change('session', (begun) => {
      const log = LOGS.find((one) => !logsOf(begun.user).includes(one)) ?? '';
      return [begun, { ...begun, kind: 'seen', log, items: [[1, 'body of id-1']] }];
    }),
    change('session', (begun) => [
      begun,
      { ...begun, kind: 'wire', frame: 'page', log: `in:${begun.user}x`, from: 1, to: 1 },
    ]),
  ],
  inbox_missing: [
    change('inbox', (inbox) => [{ ...inbox, head: inbox.head - 1, entries: inbox.entries.slice(0, -1) }], hasEntries),
  ],
  inbox_double: [
    change(
      'inbox',
      (inbox) => {
        const again = inbox.entries.slice(0, 1).map((entry) => ({ ...entry, inbox: inbox.head + 1 }));
        return [{ ...inbox, head: inbox.head + 1, entries: [...inbox.entries, ...again] }];
      },
      hasEntries,
    ),
  ],
  inbox_foreign: [
    change(
      'inbox',
      (inbox) => {
        const log = LOGS.find((one) => !logsOf(inbox.user).includes(one)) ?? '';
        const entry = { inbox: inbox.head + 1, log, offset: 1 };
        return [{ ...inbox, first: 1, head: inbox.head + 1, entries: [...inbox.entries, entry] }];
      },
      ({ user }) => logsOf(user).length < LOGS.length,
    ),
  ],
  effect_lost: [
    changeState('favourites', (elements) => elements.slice(1)),
    changeState('meetings', (meetings) => meetings.slice(1)),
    changeState(
      'meetings',
      (meetings) => meetings.map((one) => ({ ...one, agreed: false })),
      ({ agreed }) => agreed,
    ),
    change(
      'state',
      (state) => [{ ...state, about: 'an older version' }],
      ({ about }) => about !== null,
    ),
    changeCount((count) => count - 1),
  ],
  effect_doubled: [
    changeState('attending', (elements) => [...elements, ...elements]),
    changeState('meetings', (meetings) => [...meetings, ...meetings]),
    changeCount((count) => count + 1),
  ],
  effect_phantom: [
    change('state', (state) => [{ ...state, attending: [...state.attending, 'nowhere'] }]),
    change(
      'state',
      (state) => [{ ...state, about: 'somebody else' }],
      ({ about }) => about === null,
    ),
    changeState(
      'meetings',
      (meetings) => meetings.map((one) => ({ ...one, agreed: true })),
      ({ agreed }) => !agreed,
    ),
  ],
  unanswered: [change('ok', () => []), change('unknown', () => [])],
  unread: [
    change(
      'stored',
      () => [],
      ({ entries }) => entries.length > 0,
    ),
    (history) => {
      const without = history.filter(({ kind }) => kind !== 'state');
      return history.some((event) => event.kind === 'invoke' && event.effect) ? without : null;
    },
  ],
};

type Listed = 'favourites' | 'attending' | 'meetings';

/** Changes a list of what somebody is shown, where it holds something like that. */
function changeState<K extends Listed>(
  list: K,
  make: (shown: EventOf<'state'>[K]) => readonly EventOf<'state'>[K][number][],
  where: (one: EventOf<'state'>[K][number]) => boolean = () => true,
): Plant {
  return change(
    'state',
    (state) => [{ ...state, [list]: make(state[list]) }],
    (state) => state[list].some(where),
  );
}

function changeCount(make: (count: number) => number): Plant {
  const isGoing = ([, count]: readonly [string, number]) => count > 0;
  return change(
    'attendance',
    (shown) => {
      const [session = '', count = 0] = Object.entries(shown.counts).find(isGoing) ?? [];
      return [{ ...shown, counts: { ...shown.counts, [session]: make(count) } }];
    },
    ({ counts }) => Object.entries(counts).some(isGoing),
  );
}

function change<K extends Kind>(kind: K, make: Change<K>, where: (event: EventOf<K>) => boolean = () => true): Plant {
  return (history, which) => {
    const places = history.flatMap((event, place) => (isOf(event, kind) && where(event) ? [place] : []));
    const place = places[which % places.length];
    const event = place === undefined ? undefined : history[place];
    if (place === undefined || !event || !isOf(event, kind)) return null;
    return history.toSpliced(place, 1, ...make(event));
  };
}

type ChangeLog = (log: LogStored, at: number) => LogStored;

/** Changes a log at one of its entries. */
function changeEntry(
  make: ChangeLog,
  where: (history: readonly HistoryEvent[], id: string) => boolean = () => true,
): Plant {
  return (history, which) => {
    const places = history.flatMap((event) =>
      event.kind === 'stored' ? event.entries.flatMap(({ id }, at) => (where(history, id) ? [{ event, at }] : [])) : [],
    );
    const place = places[which % places.length];
    return place ? history.map((event) => (event === place.event ? make(place.event, place.at) : event)) : null;
  };
}

function isAcknowledged(history: readonly HistoryEvent[], id: string): boolean {
  const invoke = history.find((event) => event.kind === 'invoke' && event.id === id);
  return history.some((event) => event.kind === 'ok' && invoke?.kind === 'invoke' && event.op === invoke.op);
}

function hasEntries({ entries }: EventOf<'inbox'>): boolean {
  return entries.length > 0;
}

/** Exchanges two messages of a log, in the store and in everything that was told and promised of it. */
function swapEntries(
  where: (a: EventOf<'invoke'>, b: EventOf<'invoke'>, history: readonly HistoryEvent[]) => boolean,
): Plant {
  return (history, which) => {
    const invoked = new Map(history.flatMap((event) => (event.kind === 'invoke' ? [[event.id, event] as const] : [])));
    const pairs = history.flatMap((event) => {
      if (event.kind !== 'stored') return [];
      const known = event.entries.map(({ id, offset }) => ({ offset, invoke: invoked.get(id) }));
      return known.flatMap((a, i) =>
        known
          .slice(i + 1)
          .flatMap((b) => (a.invoke && b.invoke && where(a.invoke, b.invoke, history) ? [[a, b] as const] : [])),
      );
    });
    const pair = pairs[which % pairs.length];
    const [a, b] = pair ?? [];
    if (!a?.invoke || !b?.invoke) return null;
    const { log } = a.invoke;
    const places = new Map([
      [a.offset, b.offset],
      [b.offset, a.offset],
    ]);
    const bodies = new Map([
      [a.invoke.body, b.invoke.body],
      [b.invoke.body, a.invoke.body],
    ]);
    return history.map((event): HistoryEvent => {
      if (event.kind === 'ok' && event.log === log)
        return { ...event, offset: places.get(event.offset) ?? event.offset };
      if (event.kind === 'seen' && event.log === log)
        return { ...event, items: event.items.map(([offset, body]) => [offset, bodies.get(body) ?? body] as const) };
      if (event.kind !== 'stored' || event.log !== log) return event;
      const moved = event.entries.map((entry) => ({ ...entry, offset: places.get(entry.offset) ?? entry.offset }));
      return { ...event, entries: moved.sort((one, two) => one.offset - two.offset) };
    });
  };
}

function endsBefore(history: readonly HistoryEvent[], op: number, later: EventOf<'invoke'>): boolean {
  const ended = history.findIndex((event) => event.kind === 'ok' && event.op === op);
  return ended >= 0 && ended < history.indexOf(later);
}

/** The newest entry of a log is told to everybody but one. */
function forgetNewestOf(log: string): Plant {
  return (history, which) => {
    const state = history.find((event) => event.kind === 'stored' && event.log === log);
    if (state?.kind !== 'stored' || state.head === 0) return null;
    const people = log.startsWith('dm:') ? peopleOf(log) : USERS;
    const user = people[which % people.length];
    const sessions = history.flatMap((event) =>
      event.kind === 'session' && event.user === user ? [event.session] : [],
    );
    const last = sessions.at(-1) ?? '';
    const follow = history.findLast((event) => event.kind === 'follow' && event.session === last && event.log === log);
    if (!log.startsWith('dm:') && !(follow?.kind === 'follow' && follow.after < state.head)) return null;
    return history.map((event) =>
      event.kind === 'seen' && event.log === log && sessions.includes(event.session)
        ? { ...event, items: event.items.filter(([offset]) => offset !== state.head) }
        : event,
    );
  };
}

/** Moves the sending and answer of a message behind somebody's hearing of it. */
function sendAfterTelling(history: readonly HistoryEvent[], which: number): HistoryEvent[] | null {
  const told = new Set(history.flatMap((event) => (event.kind === 'seen' ? event.items.map(([, body]) => body) : [])));
  const sent = history.flatMap((event) => (event.kind === 'invoke' && told.has(event.body) ? [event] : []));
  const invoke = sent[which % sent.length];
  if (!invoke) return null;
  const isOfIt = (event: HistoryEvent) => 'op' in event && event.op === invoke.op;
  return [...history.filter((event) => !isOfIt(event)), ...history.filter(isOfIt)];
}

function isOf<K extends Kind>(event: HistoryEvent, kind: K): event is EventOf<K> {
  return event.kind === kind;
}

import type { HistoryEvent, LogStored } from '../history.ts';
import { peopleOf, USERS } from './valid-history.ts';

/**
 * Makes one thing wrong in a valid history. `which` chooses among the places where that is possible; `null` when there
 * is none.
 */
export type Plant = (history: readonly HistoryEvent[], which: number) => HistoryEvent[] | null;

type Kind = HistoryEvent['kind'];
type EventOf<K extends Kind> = Extract<HistoryEvent, { readonly kind: K }>;
type Change<K extends Kind> = (event: EventOf<K>) => readonly HistoryEvent[];

/** Nobody looked at what operations came to. */
export function forgetAll(gone: Kind): Plant {
  return (history) => {
    const isChanged = history.some((event) => event.kind === 'invoke' && event.effect);
    return isChanged ? history.filter(({ kind }) => kind !== gone) : null;
  };
}

type Listed = 'favourites' | 'attending' | 'meetings';

/** Changes a list of what somebody is shown, where it holds something like that. */
export function changeState<K extends Listed>(
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

export function changeCount(make: (count: number) => number): Plant {
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

export function change<K extends Kind>(
  kind: K,
  make: Change<K>,
  where: (event: EventOf<K>) => boolean = () => true,
): Plant {
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
export function changeEntry(
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

export function isAcknowledged(history: readonly HistoryEvent[], id: string): boolean {
  const invoke = history.find((event) => event.kind === 'invoke' && event.id === id);
  return history.some((event) => event.kind === 'ok' && invoke?.kind === 'invoke' && event.op === invoke.op);
}

export function hasEntries({ entries }: EventOf<'inbox'>): boolean {
  return entries.length > 0;
}

/** Exchanges two messages of a log, in the store and in everything that was told and promised of it. */
export function swapEntries(
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

export function endsBefore(history: readonly HistoryEvent[], op: number, later: EventOf<'invoke'>): boolean {
  const ended = history.findIndex((event) => event.kind === 'ok' && event.op === op);
  return ended >= 0 && ended < history.indexOf(later);
}

/** The newest entry of a log is told to everybody but one. */
export function forgetNewestOf(log: string): Plant {
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
export function sendAfterTelling(history: readonly HistoryEvent[], which: number): HistoryEvent[] | null {
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

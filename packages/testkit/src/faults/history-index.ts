import type { LogName } from '@konferenco/protocol';
import type { AttendanceShown, Effect, GapSeen, HistoryEvent, InboxStored, LogStored, StateShown } from './history.ts';

/** One message from its invocation on. `began` and `ended` are places in the history. */
export interface Operation {
  readonly op: number;
  readonly user: string;
  readonly log: LogName;
  readonly id: string;
  readonly body: string;
  readonly effect?: Effect;
  readonly began: number;
  ended: number;
  outcome:
    | { readonly kind: 'open' }
    | { readonly kind: 'ok'; readonly log: LogName; readonly offset: number }
    | { readonly kind: 'refused'; readonly error: string }
    | { readonly kind: 'unknown' };
}

export interface Telling {
  readonly offset: number;
  readonly body: string;
  /** Place in the history. */
  readonly place: number;
}

/** A stretch of following: from `after` on, until it was ended or the session was. */
export interface Following {
  readonly after: number;
  /** Number of tellings of the log before it began. */
  readonly begin: number;
  /** Number of tellings at its end; `null`: it lasted as long as the session. */
  end: number | null;
}

export interface Session {
  readonly session: string;
  readonly user: string;
  last: boolean;
  readonly tellings: Map<LogName, Telling[]>;
  readonly followings: Map<LogName, Following[]>;
  readonly gaps: Map<LogName, GapSeen[]>;
  /** Logs of which frames came to the device, with the first such frame. */
  readonly wire: Map<LogName, string>;
}

/** A history, sorted by what it speaks of. */
export interface HistoryIndex {
  readonly operations: readonly Operation[];
  readonly byId: ReadonlyMap<string, Operation>;
  readonly sessions: ReadonlyMap<string, Session>;
  readonly stored: ReadonlyMap<LogName, LogStored>;
  readonly inboxes: ReadonlyMap<string, InboxStored>;
  readonly states: readonly StateShown[];
  readonly attendances: readonly AttendanceShown[];
  /** Members of the channels that are not open to everybody. */
  readonly members: ReadonlyMap<LogName, ReadonlySet<string>>;
  readonly counts: Counts;
}

export interface Counts {
  events: number;
  ok: number;
  refused: number;
  unknown: number;
  /** Operations on replicated state among those acknowledged. */
  changes: number;
  deliveries: number;
  gaps: number;
  resyncs: number;
  stored: number;
}

/** Gathers a history, event by event, into its index. */
export class HistoryIndexer {
  readonly #operations = new Map<number, Operation>();
  readonly #byId = new Map<string, Operation>();
  readonly #sessions = new Map<string, Session>();
  readonly #stored = new Map<LogName, LogStored>();
  readonly #inboxes = new Map<string, InboxStored>();
  readonly #states: StateShown[] = [];
  readonly #attendances: AttendanceShown[] = [];
  readonly #members = new Map<LogName, ReadonlySet<string>>();
  readonly #counts: Counts = {
    events: 0,
    ok: 0,
    refused: 0,
    unknown: 0,
    changes: 0,
    deliveries: 0,
    gaps: 0,
    resyncs: 0,
    stored: 0,
  };

  /** @throws {RangeError} for an event that speaks of an operation or session the history has not begun. */
  add(event: HistoryEvent): void {
    const place = this.#counts.events++;
    switch (event.kind) {
      case 'run':
      case 'fault':
      case 'link':
        return;
      case 'channel':
        if (event.members) this.#members.set(event.log, new Set(event.members));
        return;
      case 'invoke':
        return this.#invoked({ ...event, began: place, ended: Number.POSITIVE_INFINITY, outcome: { kind: 'open' } });
      case 'ok':
        this.#counts.ok++;
        if (this.#operations.get(event.op)?.effect) this.#counts.changes++;
        return this.#completed(event.op, place, { kind: 'ok', log: event.log, offset: event.offset });
      case 'refused':
        this.#counts.refused++;
        return this.#completed(event.op, place, { kind: 'refused', error: event.error });
      case 'unknown':
        this.#counts.unknown++;
        return this.#completed(event.op, place, { kind: 'unknown' });
      case 'stored':
        this.#counts.stored += event.entries.length;
        this.#stored.set(event.log, event);
        return;
      case 'inbox':
        this.#inboxes.set(event.user, event);
        return;
      case 'state':
        this.#states.push(event);
        return;
      case 'attendance':
        this.#attendances.push(event);
        return;
      default:
        return this.#ofSession(event, place);
    }
  }

  index(): HistoryIndex {
    return {
      operations: [...this.#operations.values()],
      byId: this.#byId,
      sessions: this.#sessions,
      stored: this.#stored,
      inboxes: this.#inboxes,
      states: this.#states,
      attendances: this.#attendances,
      members: this.#members,
      counts: this.#counts,
    };
  }

  #invoked(operation: Operation): void {
    this.#operations.set(operation.op, operation);
    this.#byId.set(operation.id, operation);
  }

  #completed(op: number, place: number, outcome: Operation['outcome']): void {
    const operation = this.#operations.get(op);
    if (!operation) throw new RangeError(`operation ${op} ends without having begun`);
    operation.ended = place;
    operation.outcome = outcome;
  }

  #ofSession(
    event: Exclude<Extract<HistoryEvent, { readonly session: string }>, { readonly kind: 'link' }>,
    place: number,
  ): void {
    if (event.kind === 'session') {
      const { session, user } = event;
      const empty = { tellings: new Map(), followings: new Map(), gaps: new Map(), wire: new Map() };
      this.#sessions.set(session, { session, user, last: false, ...empty });
      return;
    }
    const session = this.#sessions.get(event.session);
    if (!session) throw new RangeError(`session ${event.session} was not begun`);
    switch (event.kind) {
      case 'follow': {
        const begin = session.tellings.get(event.log)?.length ?? 0;
        listOf(session.followings, event.log).push({ after: event.after, begin, end: null });
        return;
      }
      case 'unfollow': {
        const following = session.followings.get(event.log)?.at(-1);
        if (following) following.end = session.tellings.get(event.log)?.length ?? 0;
        return;
      }
      case 'seen': {
        this.#counts.deliveries += event.items.length;
        const tellings = listOf(session.tellings, event.log);
        for (const [offset, body] of event.items) tellings.push({ offset, body, place });
        return;
      }
      case 'gap':
        this.#counts.gaps++;
        listOf(session.gaps, event.log).push(event);
        return;
      case 'wire':
        if (event.frame === 'resync') this.#counts.resyncs++;
        else if (!session.wire.has(event.log)) session.wire.set(event.log, `${event.frame} @${event.from}`);
        return;
      case 'end':
        session.last = event.last;
        return;
    }
  }
}

function listOf<K, V>(map: Map<K, V[]>, key: K): V[] {
  const known = map.get(key);
  if (known) return known;
  const fresh: V[] = [];
  map.set(key, fresh);
  return fresh;
}

/** How a message is named in reports. */
export function nameOf({ op, user, log, id }: Operation): string {
  return `operation ${op} (${user} to ${log}, id ${id})`;
}

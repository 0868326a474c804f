import { directLog, type LogName, parseLogName, personalLog } from '@konferenco/protocol';
import fc from 'fast-check';
import type { Happening } from '../history-file.ts';
import type { Effect, HistoryEvent, StoredEntry } from '../history.ts';
import { ImaginedDevice, ImaginedState } from './imagined-state.ts';

/** What a small imagined system does next; numbers choose among what is possible, so every sequence is valid. */
type Step =
  | { readonly kind: 'send'; readonly user: number; readonly log: number }
  | { readonly kind: 'change'; readonly user: number; readonly which: number }
  | { readonly kind: 'meet'; readonly user: number; readonly log: number }
  | { readonly kind: 'store'; readonly which: number }
  | { readonly kind: 'complete'; readonly which: number; readonly fate: number }
  | {
      readonly kind: 'tell';
      readonly user: number;
      readonly log: number;
      readonly count: number;
      readonly skip: boolean;
    }
  | { readonly kind: 'restart'; readonly user: number; readonly repeated: number }
  | { readonly kind: 'reopen'; readonly user: number; readonly log: number };

const number = fc.nat({ max: 1_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), user: number, log: number }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('change' as const), user: number, which: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('meet' as const), user: number, log: number }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('store' as const), which: number }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('complete' as const), which: number, fate: number }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('tell' as const),
      user: number,
      log: number,
      count: fc.integer({ min: 1, max: 6 }),
      skip: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('restart' as const), user: number, repeated: fc.nat({ max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const), user: number, log: number }) },
);

/** Histories of a system that keeps all its promises, with every outcome, restarts, gaps and repeated inboxes. */
export const validHistory: fc.Arbitrary<readonly HistoryEvent[]> = fc
  .array(step, { minLength: 20, maxLength: 160, size: 'max' })
  .map((steps) => new ImaginedSystem().run(steps));

export const USERS = ['ann', 'bob', 'cid', 'dee'] as const;
/** Somebody who may not read it exists for every log but the hall. */
export const LOGS: readonly LogName[] = ['ch:hall', 'ch:den', directLog('ann', 'bob'), directLog('bob', 'cid')];
const DEN = ['ann', 'bob'];

interface Sent {
  readonly op: number;
  readonly effect?: Effect;
  readonly user: string;
  readonly log: LogName;
  readonly id: string;
  offset: number | null;
}

interface Seat {
  session: string;
  /** Newest offset told of each log. */
  readonly told: Map<LogName, number>;
}

class ImaginedSystem {
  readonly #events: HistoryEvent[] = [];
  readonly #logs = new Map<LogName, StoredEntry[]>([...LOGS, ...USERS.map(personalLog)].map((log) => [log, []]));
  readonly #inboxes = new Map<string, { log: LogName; offset: number }[]>(USERS.map((user) => [user, []]));
  readonly #devices = new Map(USERS.map((user) => [user as string, new ImaginedDevice(user)]));
  readonly #state = new ImaginedState();
  #sent: Sent[] = [];
  readonly #seats = new Map<string, Seat>();
  #ops = 0;
  #sessions = 0;

  run(steps: readonly Step[]): readonly HistoryEvent[] {
    this.#record({ kind: 'run', seed: 0, topology: 'imagined', writers: USERS.length });
    this.#record({ kind: 'channel', log: 'ch:hall', members: null });
    this.#record({ kind: 'channel', log: 'ch:den', members: DEN });
    for (const user of USERS) this.#sit(user);
    for (const one of steps) this.#take(one);
    this.#finish();
    return this.#events;
  }

  #take(one: Step): void {
    switch (one.kind) {
      case 'send':
        return this.#send(pick(USERS, one.user), one.log);
      case 'change':
        return this.#change(pick(USERS, one.user), one.which);
      case 'meet':
        return this.#meet(pick(USERS, one.user), one.log);
      case 'store':
        return this.#store(one.which);
      case 'complete':
        return this.#complete(one.which, one.fate);
      case 'tell':
        return this.#tell(pick(USERS, one.user), one.log, one);
      case 'restart':
        return this.#restart(pick(USERS, one.user), one.repeated);
      case 'reopen':
        return this.#reopen(pick(USERS, one.user), one.log);
    }
  }

  #send(user: string, log: number): void {
    this.#invoke(user, pick(logsOf(user), log));
  }

  #change(user: string, which: number): void {
    const effect = this.#devices.get(user)?.change(which, this.#ops + 1);
    if (effect) this.#invoke(user, personalLog(user), effect);
  }

  /** Accepts what was asked, or asks. */
  #meet(user: string, which: number): void {
    const directs = logsOf(user).filter((log) => log.startsWith('dm:'));
    const log = directs[which % directs.length];
    if (log === undefined) return;
    const other = peopleOf(log).find((one) => one !== user) ?? '';
    const open = this.#state.openBetween(user, other);
    const meeting = `meeting-${this.#ops + 1}`;
    this.#invoke(user, log, open ? { kind: 'accept', meeting: open } : { kind: 'request', meeting, with: other });
  }

  #invoke(user: string, log: LogName, effect?: Effect): void {
    const op = ++this.#ops;
    const id = `id-${op}`;
    const said = { ...{ op, user, log, id }, ...(effect ? { effect } : {}) };
    this.#sent.push({ ...said, offset: null });
    this.#record({ kind: 'invoke', ...said, body: `body of ${id}` });
  }

  /** Each sender's messages are stored in their order. */
  #store(which: number): void {
    const due = this.#sent.filter((sent) => sent.offset === null && this.#isNext(sent));
    const sent = due[which % due.length];
    const entries = sent && this.#logs.get(sent.log);
    if (!entries) return;
    sent.offset = entries.length + 1;
    entries.push({ offset: sent.offset, id: sent.id, sender: sent.user, body: `body of ${sent.id}` });
    if (sent.effect) this.#state.carryOut(sent.user, sent.log, sent.effect);
    for (const user of peopleOf(sent.log)) this.#inboxes.get(user)?.push({ log: sent.log, offset: sent.offset });
  }

  #isNext(sent: Sent): boolean {
    return !this.#sent.some(
      ({ user, log, op, offset }) => user === sent.user && log === sent.log && op < sent.op && offset === null,
    );
  }

  #complete(which: number, fate: number): void {
    const sent = this.#sent[which % this.#sent.length];
    if (!sent) return;
    this.#sent = this.#sent.filter((one) => one !== sent);
    const { op, log, offset } = sent;
    if (fate % 5 === 0) this.#record({ kind: 'unknown', op, why: 'disconnected' });
    else if (offset !== null) this.#record({ kind: 'ok', op, log, offset });
    else this.#record({ kind: 'refused', op, code: 2100, error: 'forbidden' });
  }

  #tell(user: string, which: number, { count, skip }: { readonly count: number; readonly skip: boolean }): void {
    const log = pick(logsOf(user), which);
    const seat = this.#seats.get(user);
    const entries = this.#logs.get(log) ?? [];
    const from = (seat?.told.get(log) ?? 0) + 1;
    const to = Math.min(from + count - 1, entries.length);
    if (!seat || from > to) return;
    const { session } = seat;
    this.#record({ kind: 'wire', session, frame: log.startsWith('dm:') ? 'inbox' : 'message', log, from, to });
    seat.told.set(log, to);
    const skipsTo = skip && !log.startsWith('dm:') && to - from >= 2 ? from + 1 : from - 1;
    const items = entries.slice(skipsTo, to).map(({ offset, body }) => [offset, body] as const);
    this.#record({ kind: 'seen', session, log, items });
    if (skipsTo >= from) this.#record({ kind: 'gap', session, log, from, to: skipsTo, reason: 'skipped' });
  }

  #sit(user: string, told: ReadonlyMap<LogName, number> = new Map()): void {
    const session = `${user}/${++this.#sessions}`;
    this.#record({ kind: 'session', session, user });
    const seat: Seat = { session, told: new Map(told) };
    this.#seats.set(user, seat);
    for (const log of logsOf(user)) {
      if (log.startsWith('dm:')) continue;
      const after = this.#logs.get(log)?.length ?? 0;
      seat.told.set(log, after);
      this.#record({ kind: 'follow', session, log, after });
    }
  }

  /** Up to `repeated` entries of each direct conversation had not been acknowledged. */
  #restart(user: string, repeated: number): void {
    const seat = this.#seats.get(user);
    if (!seat) return;
    this.#record({ kind: 'end', session: seat.session, last: false });
    this.#sit(user, new Map([...seat.told].map(([log, offset]) => [log, Math.max(0, offset - repeated)])));
  }

  #reopen(user: string, which: number): void {
    const seat = this.#seats.get(user);
    const log = pick(logsOf(user), which);
    if (!seat || log.startsWith('dm:')) return;
    this.#record({ kind: 'unfollow', session: seat.session, log });
    const after = this.#logs.get(log)?.length ?? 0;
    seat.told.set(log, after);
    this.#record({ kind: 'follow', session: seat.session, log, after });
  }

  #finish(): void {
    while (this.#sent.length > 0) {
      this.#store(0);
      this.#complete(0, 1);
    }
    for (const user of USERS) {
      for (const [which, log] of logsOf(user).entries()) {
        const count = this.#logs.get(log)?.length ?? 0;
        this.#tell(user, which, { count, skip: false });
      }
      this.#record({ kind: 'end', session: this.#seats.get(user)?.session ?? '', last: true });
    }
    for (const [log, entries] of this.#logs)
      this.#record({ kind: 'stored', log, first: Math.min(1, entries.length), head: entries.length, entries });
    for (const where of ['node-1', 'node-2']) {
      for (const user of USERS) this.#record({ kind: 'state', ...this.#state.shown(user, where) });
      this.#record({ kind: 'attendance', log: 'ev:hui', where, counts: this.#state.counts(USERS) });
    }
    for (const [user, pointers] of this.#inboxes) {
      const entries = pointers.map((pointer, place) => ({ inbox: place + 1, ...pointer }));
      this.#record({ kind: 'inbox', user, first: Math.min(1, entries.length), head: entries.length, entries });
    }
  }

  #record(happening: Happening): void {
    this.#events.push({ ...happening, at: this.#events.length } as HistoryEvent);
  }
}

export function peopleOf(log: LogName): readonly string[] {
  const address = parseLogName(log);
  if (address?.kind === 'personal') return [address.user];
  return address?.kind === 'direct' ? [...new Set(address.users)] : [];
}

/** Logs that a user reads and writes. */
export function logsOf(user: string): readonly LogName[] {
  return LOGS.filter((log) => {
    if (log === 'ch:hall') return true;
    return log === 'ch:den' ? DEN.includes(user) : peopleOf(log).includes(user);
  });
}

function pick<T>(items: readonly T[], which: number): T {
  const item = items[which % items.length];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

import type { ViolationKind } from '../violation.ts';
import {
  change,
  changeCount,
  changeEntry,
  changeState,
  endsBefore,
  forgetAll,
  forgetNewestOf,
  hasEntries,
  isAcknowledged,
  sendAfterTelling,
  swapEntries,
  type Plant,
} from './plants.ts';
import { LOGS, logsOf } from './valid-history.ts';

/** One way, or several, to plant each kind of error into a valid history. */
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
    forgetAll('state'),
    forgetAll('attendance'),
  ],
};

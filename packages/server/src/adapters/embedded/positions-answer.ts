import type { PositionRequests } from './positions-messages.ts';
import type { PositionsTable } from './positions-table.ts';

type Requests = Omit<PositionRequests, 'open'>;

const ANSWERS: {
  readonly [K in keyof Requests]: (table: PositionsTable, request: Requests[K]['request']) => Requests[K]['reply'];
} = {
  consent: (table, user) => table.consent(user),
  allow: (table, { user, consent }) => table.allow(user, consent),
  withdraw(table, { user, at }) {
    table.withdraw(user, at);
    return null;
  },
  add: (table, { positions, now }) => table.add(positions, now),
  read: (table, { query, now }) => table.read(query, now),
  erase(table, { user, at }) {
    table.erase(user, at);
    return null;
  },
  maintain(table, { now }) {
    table.maintain(now);
    return null;
  },
  close(table) {
    table.close();
    return null;
  },
};

/** What an open table answers to a request. */
export function answerWith<K extends keyof Requests>(
  table: PositionsTable,
  operation: K,
  request: Requests[K]['request'],
): Requests[K]['reply'] {
  return ANSWERS[operation](table, request);
}

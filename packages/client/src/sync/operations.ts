import { directLog, type Envelope, eventLog, type LogName, personalLog } from '@konferenco/protocol';

/** An operation before it is stamped and put into an envelope. */
export type Draft =
  | { readonly type: 'state'; readonly payload: Readonly<Record<string, unknown>> }
  | {
      readonly type: 'meeting';
      readonly subtype: string;
      readonly with: string;
      readonly payload: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: 'schedule';
      readonly subtype: string;
      readonly event: string;
      readonly payload: Readonly<Record<string, unknown>>;
    };

export function subtypeOf(draft: Draft): string {
  return draft.type === 'state' ? 'operation' : draft.subtype;
}

/** To oneself, to the other person, or to everybody at the event. */
export function recipientOf(draft: Draft, me: string): Envelope['to'] {
  switch (draft.type) {
    case 'state':
      return { type: 'user', id: me };
    case 'meeting':
      return { type: 'user', id: draft.with };
    case 'schedule':
      return { type: 'broadcast', id: draft.event };
  }
}

/** The log the server puts it into, and in whose order it is sent. */
export function logOf(draft: Draft, me: string): LogName {
  switch (draft.type) {
    case 'state':
      return personalLog(me);
    case 'meeting':
      return directLog(me, draft.with);
    case 'schedule':
      return eventLog(draft.event);
  }
}

import { createIdGenerator, type Envelope } from '@konferenco/protocol';
import type { VirtualClock } from './virtual-clock.ts';

/** Writes what others say: envelopes with operations stamped by a replica of their own. */
export function saidBy(user: string, clock: Pick<VirtualClock, 'now'>) {
  let sequence = 0;
  const newId = createIdGenerator({
    now: clock.now,
    random16: () => new Uint8Array(16).map((_, index) => (index === 15 ? sequence : user.charCodeAt(0) + index)),
  });
  const said = (type: string, subtype: string, to: Envelope['to'], payload: Record<string, unknown>): Envelope => {
    const stamp = { dot: `${user}-replica:${++sequence}`, at: clock.now() * 256 + (sequence % 256) };
    return {
      ...{ id: newId(), type, subtype, from: { user_id: user }, to, timestamp: clock.now() },
      payload: { ...stamp, ...payload },
    };
  };
  return {
    schedule: (event: string, subtype: string, payload: Record<string, unknown>) =>
      said('schedule', subtype, { type: 'broadcast', id: event }, payload),
    meeting: (other: string, subtype: string, payload: Record<string, unknown>) =>
      said('meeting', subtype, { type: 'user', id: other }, payload),
    /** An operation on somebody's own state: the person's own from elsewhere, or an organiser's. */
    state: (of: string, payload: Record<string, unknown>) =>
      said('state', 'operation', { type: 'user', id: of }, payload),
  };
}

const HOUR = 3_600_000;

/** The operation that puts a session on the programme. */
export function sessionAt(session: string, hour: number, clock: Pick<VirtualClock, 'now'>): Record<string, unknown> {
  const starts_at = Math.ceil(clock.now() / HOUR) * HOUR + hour * HOUR;
  return { session, set: { title: `Talk ${session}`, room: 'A', starts_at, ends_at: starts_at + HOUR } };
}

import { createHash } from 'node:crypto';
import type { Append, Random } from '@konferenco/core';
import { dot, HybridLogicalClock } from '@konferenco/crdt';
import { type Envelope, eventLog, personalLog, ruleOf, SYSTEM_ID } from '@konferenco/protocol';
import { randomText } from '../accounts/secrets.ts';

/** Replicas that begin like this are servers'; no client may use one. */
export const SERVER_REPLICA = 'srv~';

/** Dot of what stood before there were operations. */
export const BEFORE_OPERATIONS = `${SERVER_REPLICA}before:1`;

/** One run of one node as a writer of operations: its dots never repeat and its timestamps only grow. */
export class Replica {
  readonly #clock: HybridLogicalClock;
  #sequence = 0;

  constructor(random: Random, now: () => number) {
    const node = `${SERVER_REPLICA}${randomText(random, 9)}`.replaceAll('_', '.');
    this.#clock = new HybridLogicalClock({ node, now });
  }

  /** The stamp of the next operation, later than `after` (a hybrid timestamp) too. */
  next(after = 0): { readonly dot: string; readonly at: number } {
    this.#clock.receive(after);
    return { dot: dot(this.#clock.node, ++this.#sequence), at: this.#clock.tick() };
  }
}

/**
 * A UUID v7 of this time that the same name always gets: two nodes, or one before and after a restart, that say the same
 * thing say it under one id.
 */
export function stableId(at: number, name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  bytes.writeUIntBE(at, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

interface Said {
  readonly id: string;
  readonly subtype: string;
  readonly payload: object;
  /** Unix ms. */
  readonly now: number;
}

/** What the system tells everybody at an event about its programme. */
export function scheduleAppend(event: string, said: Said & { readonly from?: string }): Append {
  const { id, subtype, payload, now, from = SYSTEM_ID } = said;
  const to = { type: 'broadcast' as const, id: event };
  return appendOf(eventLog(event), {
    ...envelopeOf(from, id, now),
    type: 'schedule',
    subtype,
    to,
    payload: { ...payload },
  });
}

/** What the system tells one person about a meeting. */
export function noticeAppend(user: string, { id, subtype, payload, now }: Said): Append {
  const to = { type: 'user' as const, id: user };
  const envelope = { ...envelopeOf(SYSTEM_ID, id, now), type: 'meeting', subtype, to, payload: { ...payload } };
  return { ...appendOf(personalLog(user), envelope), notify: [{ user, reason: 'notice' }] };
}

/** An operation on somebody's own state, written by the server on behalf of `from`. */
export function stateAppend(user: string, from: string, { id, payload, now }: Omit<Said, 'subtype'>): Append {
  const to = { type: 'user' as const, id: user };
  const envelope = { ...envelopeOf(from, id, now), type: 'state', subtype: 'operation', to, payload: { ...payload } };
  return { ...appendOf(personalLog(user), envelope), notify: [{ user, reason: 'state' }] };
}

function envelopeOf(from: string, id: string, timestamp: number) {
  return { id, from: { user_id: from }, timestamp };
}

function appendOf(log: string, envelope: Envelope): Append {
  const { id, type, subtype, from, timestamp } = envelope;
  const expires_at = timestamp + (ruleOf(type, subtype)?.retention_s ?? 0) * 1000;
  return { log, id, sender: from.user_id, envelope: JSON.stringify(envelope), expires_at };
}

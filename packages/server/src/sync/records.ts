import type { DocumentState } from '@konferenco/core';
import type { PNCounterState } from '@konferenco/crdt';
import { type Collection, recordKey } from '../accounts/records.ts';

/** The layout of replicated documents, and of what is kept beside them to find them again. */
const collection = <Value>(name: string): Collection<Value> => ({ name });

/** `{user}/{document key}`: a person's own sets and fields. */
export const PERSONAL_DOCUMENTS = collection<DocumentState>('personal_document');

/** `{event}/{session}` */
export const SESSION_DOCUMENTS = collection<DocumentState>('session_document');

/** `{session}`: the event it belongs to. A session's id is good for one event. */
export interface SessionEventRecord {
  readonly event: string;
}
export const SESSION_EVENTS = collection<SessionEventRecord>('session_event');

/** `{meeting}`: kept once for both people; and the minutes. */
export const MEETINGS = collection<DocumentState>('meeting');
export const MEETING_NOTES = collection<DocumentState>('meeting_notes');

/** `{user}/{meeting}`: what a person's list and calendar need to know of a meeting. Times in Unix ms. */
export interface UserMeetingRecord {
  readonly starts_at: number;
  readonly ends_at: number;
  /** `open`: no answer to the newest proposal yet. */
  readonly standing: 'open' | 'agreed' | 'declined' | 'cancelled';
}
export const USER_MEETINGS = collection<UserMeetingRecord>('user_meeting');

/** `{event}/{session}`: how many go, counted by node. */
export const ATTENDANCE = collection<PNCounterState>('attendance');

/** `{event}/{session}/{dot}`: a coming or going that is not yet counted. */
export interface AttendanceChange {
  readonly by: 1 | -1;
}
export const ATTENDANCE_CHANGES = collection<AttendanceChange>('attendance_change');

/** `{time}/{kind}/…`: what is to happen by itself, in the order of time. */
export type Turn =
  | { readonly kind: 'session_start' | 'session_end'; readonly event: string; readonly session: string }
  | { readonly kind: 'reminder'; readonly meeting: string; readonly proposal: string }
  | { readonly kind: 'forget'; readonly meeting: string };
export const TURNS = collection<Turn>('turn');

/** Digits of a time in a key: enough for every date there is. */
const TIME_DIGITS = 16;

export function turnKey(at: number, turn: Turn): string {
  const about =
    turn.kind === 'reminder'
      ? [turn.meeting, turn.proposal]
      : turn.kind === 'forget'
        ? [turn.meeting]
        : [turn.event, turn.session];
  return recordKey(timeKey(at), turn.kind, ...about);
}

/** The beginning of the keys of turns at `at`, Unix ms; sorts as times do. */
export function timeKey(at: number): string {
  return String(at).padStart(TIME_DIGITS, '0');
}

/** When the turn under this key is due, Unix ms. */
export function dueAt(key: string): number {
  return Number(key.slice(0, TIME_DIGITS));
}

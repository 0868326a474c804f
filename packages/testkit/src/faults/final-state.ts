import type { Client, ProgrammeSession } from '@konferenco/client';
import { type DocumentState, viewAttendance, viewFields, viewMeeting, viewSet } from '@konferenco/core';
import { eventLog, type SyncReply } from '@konferenco/protocol';
import { pooled } from './final-read.ts';
import type { Happening } from './history-file.ts';
import type { StateShown } from './history.ts';
import type { Person } from './person.ts';
import { EVENT, SESSIONS } from './person-operations.ts';
import { RestReader } from './rest-reader.ts';

export interface FinalStateOptions {
  /** Nodes by name. */
  readonly nodes: readonly { readonly name: string; readonly url: string }[];
  readonly people: readonly Person[];
}

type Documents = ReadonlyMap<string, DocumentState>;

/** Replicated state as every node answers it, and as the device of everybody who is connected shows it. */
export async function finalState({ nodes, people }: FinalStateOptions): Promise<Happening[]> {
  const found: Happening[] = people.filter(({ session }) => session.isOnline).flatMap(shownTo);
  for (const { name: where, url } of nodes) {
    const reader = new RestReader(url);
    await pooled(people, async ({ user }) => {
      const documents = await documentsOf(reader, user, { namespace: 'personal' });
      found.push({ kind: 'state', user, where, ...stateIn(documents, user) });
    });
    const [somebody] = people;
    const schedule = await documentsOf(reader, somebody?.user ?? '', { namespace: 'schedule', event: EVENT });
    const counts = countsOf(viewAttendance(schedule.get('attendance') ?? null));
    found.push({ kind: 'attendance', log: eventLog(EVENT), where, counts });
  }
  return found;
}

/** Whether every device shows as many at each session as there are devices whose person goes there. */
export function countsAgree(people: readonly Person[]): boolean {
  const sessions = people.map(({ session }) => sessionsOf(session.client));
  const going = new Map<string, number>();
  for (const { id, attending } of sessions.flat()) going.set(id, (going.get(id) ?? 0) + (attending ? 1 : 0));
  return sessions.flat().every(({ id, attendance, pending }) => !pending && attendance === going.get(id));
}

/** The run's sessions as a device shows them. */
function sessionsOf(client: Client): readonly ProgrammeSession[] {
  const { sessions } = client.programme(EVENT).state();
  return sessions.filter(({ id }) => SESSIONS.includes(id));
}

function countsOf(counts: Iterable<readonly [string, number]>): Record<string, number> {
  return Object.fromEntries([...counts].filter(([id]) => SESSIONS.includes(id)));
}

function shownTo({ user, session }: Person): Happening[] {
  const { client, name: where } = session;
  const sessions = sessionsOf(client);
  const marked = (mark: 'favourite' | 'attending') => sessions.filter((one) => one[mark]).map(({ id }) => id);
  const meetings = client.meetings.state().items.map(({ id, with: other, standing }) => ({
    ...{ id, with: other },
    agreed: standing === 'agreed',
  }));
  const state = { favourites: marked('favourite'), attending: marked('attending'), about: null, meetings };
  const counts = countsOf(sessions.map(({ id, attendance }) => [id, attendance]));
  return [
    { kind: 'state', user, where, ...state },
    { kind: 'attendance', log: eventLog(EVENT), where, counts },
  ];
}

function stateIn(documents: Documents, user: string): Omit<StateShown, 'kind' | 'at' | 'user' | 'where'> {
  const { about } = viewFields(documents.get('profile') ?? null);
  return {
    favourites: viewSet(documents.get('favourites') ?? null),
    attending: viewSet(documents.get('attending') ?? null),
    about: typeof about === 'string' ? about : null,
    meetings: [...documents].flatMap(([key, state]) => {
      const view = key.startsWith('meeting/') ? viewMeeting(state, user) : null;
      return view ? [{ id: view.id, with: view.with, agreed: view.standing === 'agreed' }] : [];
    }),
  };
}

/** All documents of a scope, page by page. */
async function documentsOf(reader: RestReader, user: string, scope: object): Promise<Documents> {
  const documents = new Map<string, DocumentState>();
  for (let cursor: string | undefined; ; ) {
    const query = { ...scope, ...(cursor === undefined ? {} : { cursor }) };
    const { snapshot } = await reader.ask<SyncReply>(user, 'POST /api/sync', query);
    if (!snapshot) throw new Error(`${user} was answered no documents`);
    for (const { key, state } of snapshot.documents) documents.set(key, state as DocumentState);
    if (snapshot.cursor === undefined) return documents;
    cursor = snapshot.cursor;
  }
}

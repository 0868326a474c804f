import { accept, applyOperation, documentsOf, type DocumentState, type Stored } from '@konferenco/core';
import type { Envelope, SessionChange, StateOperation, SyncDocument } from '@konferenco/protocol';
import { createWorld, type World } from '../accounts/test-world.ts';
import { answerSync, type SyncQuery } from './answer.ts';
import type { DeltaOperation, Scope } from './delta.ts';
import { type Submitted, submitOperation } from './submit.ts';

export const HOUR = 3_600_000;
/** The largest answer. */
export const ALL = 1_048_576;

/** A device that writes operations: its own dots, its own idea of the time. */
export class Writer {
  readonly user: string;
  readonly #world: World;
  readonly #replica: string;
  #sequence = 0;

  constructor(world: World, user: string, replica = `${user}-phone`) {
    this.#world = world;
    this.user = user;
    this.#replica = replica;
  }

  /** A fresh stamp; `ahead`: milliseconds that the device's clock is ahead of the server's. */
  stamp(ahead = 0): { readonly dot: string; readonly at: number } {
    this.#sequence++;
    return { dot: `${this.#replica}:${this.#sequence}`, at: (this.#world.clock.now() + ahead) * 256 + this.#sequence };
  }

  envelope(kind: string, to: Envelope['to'], payload: object): Envelope {
    const [type = '', subtype = ''] = kind.split('/');
    const timestamp = this.#world.clock.now();
    return {
      id: this.#world.newId(),
      type,
      subtype,
      from: { user_id: this.user },
      to,
      payload: { ...payload },
      timestamp,
    };
  }

  state(operation: StateOperation): Promise<Submitted> {
    return send(this.#world, this.envelope('state/operation', { type: 'user', id: this.user }, operation));
  }

  add(on: 'favourites' | 'attending' | 'blocked' | 'channels', element: string, seen: readonly string[] = []) {
    return this.state({ on, op: 'add', element, seen: [...seen], ...this.stamp() });
  }

  remove(on: 'favourites' | 'attending' | 'blocked' | 'channels', element: string, tags: readonly string[]) {
    return this.state({ on, op: 'remove', element, tags: [...tags], ...this.stamp() });
  }

  set(on: 'profile' | 'settings', field: string, value: unknown) {
    return this.state({ on, op: 'set', field, value, ...this.stamp() });
  }

  meeting(subtype: string, to: string, payload: object): Promise<Submitted> {
    return send(this.#world, this.envelope(`meeting/${subtype}`, { type: 'user', id: to }, payload));
  }

  session(session: string, set: SessionChange['set'], event = 'hui'): Promise<Submitted> {
    return this.schedule('session_change', { session, set, ...this.stamp() }, event);
  }

  schedule(subtype: string, payload: object, event = 'hui'): Promise<Submitted> {
    return send(this.#world, this.envelope(`schedule/${subtype}`, { type: 'broadcast', id: event }, payload));
  }
}

/** Takes an envelope through the checks of the publish path. */
export async function send(world: World, envelope: Envelope): Promise<Submitted> {
  const user = envelope.from.user_id;
  const decision = await world.directory.mayPublish(user, envelope);
  if (decision !== 'ok') return { kind: 'refused', error: decision, detail: 'permission' };
  const acceptance = accept(envelope, { user, now: world.clock.now() });
  if (acceptance.kind === 'refused') return acceptance;
  const { log, json, entry } = acceptance as Stored;
  const append = {
    log,
    id: envelope.id,
    sender: user,
    envelope: json,
    expires_at: entry.expires_at,
    notify: entry.notify,
  };
  return submitOperation(world, { envelope, append });
}

/** A world with three sessions, put on the programme by its owner. */
export async function createProgramme(): Promise<World> {
  const world = await createWorld();
  const owner = new Writer(world, 'owen');
  const noon = world.clock.now();
  for (const [index, session] of ['repo', 'soil', 'walk'].entries()) {
    const starts_at = noon + (index + 1) * HOUR;
    await owner.session(session, { title: session, room: 'A', starts_at, ends_at: starts_at + HOUR });
  }
  return world;
}

export type Documents = ReadonlyMap<string, DocumentState>;

/** Everything a scope holds, by its pages. */
export async function snapshotOf(world: World, user: string, scope: Scope, max_bytes = ALL): Promise<Documents> {
  const documents: SyncDocument[] = [];
  let cursor: string | undefined;
  do {
    const { snapshot } = await answerSync(world, user, { ...queryOf(scope), cursor }, max_bytes);
    documents.push(...(snapshot?.documents ?? []));
    cursor = snapshot?.cursor;
  } while (cursor !== undefined);
  return new Map(documents.map(({ key, state }) => [key, state as DocumentState]));
}

/** Every operation since a version, however many answers it takes. */
export async function deltaOf(world: World, user: string, scope: Scope, since: string): Promise<DeltaOperation[]> {
  const all: DeltaOperation[] = [];
  for (let version = since; ; ) {
    const { operations, new_version, has_more } = await answerSync(
      world,
      user,
      { ...queryOf(scope), since_version: version },
      ALL,
    );
    if (!operations) throw new Error('a snapshot came instead of what changed');
    all.push(...operations);
    if (!has_more) return all;
    version = new_version;
  }
}

/** Documents after these operations, as a device makes them. */
export function applied(operations: readonly DeltaOperation[], from: Documents = new Map()): Documents {
  const documents = new Map(from);
  for (const { envelope: json } of operations) {
    const envelope = JSON.parse(json) as Envelope;
    for (const { key } of documentsOf(envelope))
      documents.set(key, applyOperation(key, documents.get(key) ?? null, envelope));
  }
  return documents;
}

function queryOf(scope: Scope): SyncQuery {
  return scope.namespace === 'schedule' ? { namespace: 'schedule', event: scope.event } : { namespace: 'personal' };
}

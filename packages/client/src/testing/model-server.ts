import type { DocumentKey, DocumentState } from '@konferenco/core';
import { applyOperation, documentsOf } from '@konferenco/core/sync/documents';
import { isClockAhead, operationError } from '@konferenco/core/sync/operation-check';
import { setHas } from '@konferenco/core/sync/personal-set';
import { offsetIn, versionAt } from '@konferenco/core/sync/sync-version';
import {
  type ClientFrame,
  directLog,
  type Envelope,
  ERROR_CODES,
  type ErrorName,
  eventLog,
  type InboxItem,
  type Item,
  LIMITS,
  type LogName,
  personalLog,
  type ReplyOf,
  type ServerFrame,
  timeOfUuid,
} from '@konferenco/protocol';
import type { Environment, Socket } from '../types.ts';

type Frame<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>;
type Documents = Map<DocumentKey, DocumentState>;

interface Connection {
  readonly user: string;
  readonly socket: Socket;
  readonly subscribed: Set<LogName>;
  /** When the newest frame of each direction arrives: none overtakes another. */
  readonly arrivals: { up: number; down: number };
  open: boolean;
}

export interface ModelServerOptions {
  readonly clock: Pick<Environment, 'now' | 'after'>;
  /** How long a frame takes (ms). */
  readonly latency: () => number;
  /** Documents on one page of a snapshot, and operations in one answer. */
  readonly page?: number;
  readonly operations?: number;
}

/**
 * A server of replicated state that fits in a test: one log an event, one inbox a person, documents by the same rules
 * as everywhere. It speaks frames over links that take time and can be cut.
 */
export class ModelServer {
  epoch = 'epoch-1';
  /** Envelopes that took effect, by id: each once. */
  readonly stored = new Map<string, Envelope>();
  readonly personal = new Map<string, Documents>();
  readonly schedules = new Map<string, Documents>();
  /** Refuses an envelope for a reason of the test's. */
  refuse: (envelope: Envelope) => ErrorName | null = () => null;
  /** Every frame that came, with whose it was. */
  readonly seen: { readonly user: string; readonly frame: ClientFrame }[] = [];
  readonly #options: ModelServerOptions;
  readonly #inboxes = new Map<string, InboxItem[]>();
  readonly #logs = new Map<LogName, Item[]>();
  readonly #connections = new Set<Connection>();
  /** Answers every sync with a snapshot, whatever is asked. */
  hasNoDelta = false;
  /** Entries before this offset of every log and inbox are gone: who asks for them gets a snapshot. */
  horizon = 0;
  /** People who cannot connect. */
  readonly unreachable = new Set<string>();

  constructor(options: ModelServerOptions) {
    this.#options = options;
  }

  readonly openSocket: Environment['openSocket'] = (url) => {
    const user = new URL(url).searchParams.get('token') ?? '';
    const connection: Connection = {
      user,
      subscribed: new Set(),
      arrivals: { up: 0, down: 0 },
      open: false,
      socket: {
        send: (text) => this.#carry(connection, 'up', () => this.#take(connection, JSON.parse(text) as ClientFrame)),
        close: () => this.#close(connection, 1000),
        ...{ onopen: null, onmessage: null, onclose: null, buffered: 0 },
      },
    };
    this.#connections.add(connection);
    this.#options.clock.after(this.#options.latency(), () => {
      if (!this.#connections.has(connection)) return;
      if (this.unreachable.has(user)) return this.#close(connection, 1006);
      connection.open = true;
      connection.socket.onopen?.();
      this.#beat(connection);
    });
    return connection.socket;
  };

  /** Cuts the links of a person, or all; what was on its way is lost. */
  cut(user?: string): void {
    for (const connection of [...this.#connections])
      if (user === undefined || connection.user === user) this.#close(connection, 1006);
  }

  /** Cuts the link that this socket is an end of. */
  drop(socket: Socket): void {
    for (const connection of [...this.#connections]) if (connection.socket === socket) this.#close(connection, 1006);
  }

  inbox(user: string): InboxItem[] {
    const inbox = this.#inboxes.get(user) ?? [];
    this.#inboxes.set(user, inbox);
    return inbox;
  }

  log(name: LogName): Item[] {
    const log = this.#logs.get(name) ?? [];
    this.#logs.set(name, log);
    return log;
  }

  /** Stores an envelope as if its author had sent it. */
  publish(envelope: Envelope): { readonly log: LogName; readonly offset: number; readonly at: number } | ErrorName {
    const log = logOf(envelope);
    const known = this.log(log).find((item) => item.envelope?.id === envelope.id);
    if (known) return { log, offset: known.offset, at: known.at };
    const refusal = this.#refusal(envelope);
    if (refusal) return refusal;
    const item: Item = { offset: this.log(log).length + 1, at: this.#options.clock.now(), envelope };
    this.log(log).push(item);
    this.stored.set(envelope.id, envelope);
    this.#apply(envelope);
    for (const connection of this.#connections)
      if (connection.subscribed.has(log)) this.#send(connection, { type: 'message', log, items: [item] });
    for (const user of notified(envelope)) this.#notify(user, log, item);
    return { log, offset: item.offset, at: item.at };
  }

  /** What a snapshot of a person's own state, or of an event's, holds. */
  documents(namespace: 'personal' | 'schedule', id: string): Documents {
    const all = namespace === 'personal' ? this.personal : this.schedules;
    const documents = all.get(id) ?? new Map<DocumentKey, DocumentState>();
    all.set(id, documents);
    return documents;
  }

  #beat(connection: Connection): void {
    this.#options.clock.after(LIMITS.heartbeat_ms, () => {
      if (!connection.open) return;
      this.#send(connection, { type: 'heartbeat', nonce: 1, server_time: this.#options.clock.now() });
      this.#beat(connection);
    });
  }

  #refusal(envelope: Envelope): ErrorName | null {
    const now = this.#options.clock.now();
    const age = now - timeOfUuid(envelope.id);
    if (age > LIMITS.id_age_ms || age < -LIMITS.id_ahead_ms) return 'id_out_of_range';
    if (isClockAhead(envelope, now)) return 'clock_ahead';
    const refused = this.refuse(envelope);
    if (refused) return refused;
    for (const { namespace, key } of documentsOf(envelope)) {
      const before = this.documents(namespace, scopesOf(envelope)[0] ?? '').get(key) ?? null;
      const after = applyOperation(key, before, envelope);
      const wrong = operationError({ key, before, after, envelope });
      if (wrong) return wrong.error;
      const { on, op, element } = envelope.payload as { on?: string; op?: string; element?: string };
      if (on === 'channels' && op === 'add' && element && !setHas(after, element)) return 'removed';
    }
    return null;
  }

  #apply(envelope: Envelope): void {
    for (const { namespace, key } of documentsOf(envelope)) {
      for (const id of scopesOf(envelope)) {
        const documents = this.documents(namespace, id);
        documents.set(key, applyOperation(key, documents.get(key) ?? null, envelope));
      }
    }
  }

  #notify(user: string, log: LogName, item: Item): void {
    const inbox = this.inbox(user);
    const pointer: InboxItem = { ...item, inbox: inbox.length + 1, reason: 'state', log };
    inbox.push(pointer);
    for (const connection of this.#connections)
      if (connection.user === user) this.#send(connection, { type: 'inbox', items: [pointer] });
  }

  #take(connection: Connection, frame: ClientFrame): void {
    this.seen.push({ user: connection.user, frame });
    const ref = 'ref' in frame ? frame.ref : undefined;
    if (ref === undefined) return;
    const answer = this.#answer(connection, frame);
    if (typeof answer === 'string') {
      const { code, text } = ERROR_CODES[answer];
      this.#send(connection, { type: 'error', ref, code, error: answer, message: text });
    } else this.#send(connection, { type: 'reply', ref, data: answer });
  }

  #answer(connection: Connection, frame: ClientFrame): object | ErrorName {
    switch (frame.type) {
      case 'hello':
        return this.#hello(connection.user, frame.device_id ?? 'device');
      case 'subscribe':
        for (const log of frame.logs) connection.subscribed.add(log);
        return { logs: Object.fromEntries(frame.logs.map((log) => [log, { first: 1, head: this.log(log).length }])) };
      case 'publish':
        return this.publish(frame.envelope);
      case 'history':
        return this.#history(connection.user, frame);
      case 'sync':
        return this.#sync(connection.user, frame);
      default:
        return {};
    }
  }

  #hello(user: string, device_id: string): ReplyOf<'hello'> {
    const head = this.inbox(user).length;
    return {
      ...{ user_id: user, device_id, node: 'node-1', epoch: this.epoch, server_time: this.#options.clock.now() },
      ...{
        heartbeat_ms: LIMITS.heartbeat_ms,
        expires_at: null,
        inbox: { cursor: null, first: head > 0 ? 1 : 0, head },
      },
    };
  }

  #history(user: string, { log, after = 0, limit = LIMITS.page }: Frame<'history'>): ReplyOf<'history'> {
    const isInbox = log.startsWith('in:');
    const items = isInbox
      ? this.inbox(user).filter(({ inbox }) => inbox > after)
      : this.log(log).filter(({ offset }) => offset > after);
    const head = isInbox ? this.inbox(user).length : this.log(log).length;
    return { log, items: items.slice(0, limit), first: head > 0 ? 1 : 0, head, has_more: items.length > limit };
  }

  #sync(user: string, frame: Frame<'sync'>): ReplyOf<'sync'> {
    const { operations: most = LIMITS.sync_operations } = this.#options;
    const isPersonal = frame.namespace === 'personal';
    const log: readonly { readonly position: number; readonly item: Item }[] = isPersonal
      ? this.inbox(user).map((item) => ({ position: item.inbox, item }))
      : this.log(eventLog(frame.event ?? '')).map((item) => ({ position: item.offset, item }));
    const since = frame.since_version === undefined ? null : offsetIn(frame.since_version, this.epoch);
    if (this.hasNoDelta || frame.cursor !== undefined || since === null || since < Math.min(this.horizon, log.length))
      return this.#snapshot(isPersonal ? user : (frame.event ?? ''), frame, log.length);
    const entries = log.filter(({ position }) => position > since).slice(0, most);
    const reached = entries.at(-1)?.position ?? log.length;
    return {
      operations: entries.flatMap(({ position, item: { at, envelope } }) =>
        envelope && documentsOf(envelope).length > 0 ? [{ offset: position, at, envelope }] : [],
      ),
      new_version: versionAt(this.epoch, reached),
      has_more: reached < log.length,
    };
  }

  #snapshot(id: string, { namespace, cursor }: Frame<'sync'>, head: number): ReplyOf<'sync'> {
    const { page = LIMITS.page } = this.#options;
    const [begun, after] =
      cursor === undefined ? [head, ''] : [Number(cursor.split('|')[0]), cursor.split('|')[1] ?? ''];
    const rest = [...this.documents(namespace, id)].filter(([key]) => key > after).sort(([a], [b]) => (a < b ? -1 : 1));
    const documents = rest.slice(0, page).map(([key, state]) => ({ key, state }));
    const more = rest.length > page;
    return {
      snapshot: { documents, ...(more ? { cursor: `${begun}|${documents.at(-1)?.key}` } : {}) },
      new_version: versionAt(this.epoch, begun),
      has_more: more,
    };
  }

  #send(connection: Connection, frame: ServerFrame): void {
    const text = JSON.stringify(frame);
    this.#carry(connection, 'down', () => connection.socket.onmessage?.(text));
  }

  #carry(connection: Connection, way: 'up' | 'down', arrive: () => void): void {
    const { clock, latency } = this.#options;
    if (!connection.open) return;
    const at = Math.max(connection.arrivals[way] + 1, clock.now() + latency());
    connection.arrivals[way] = at;
    clock.after(at - clock.now(), () => {
      if (connection.open) arrive();
    });
  }

  #close(connection: Connection, code: number): void {
    connection.open = false;
    if (this.#connections.delete(connection)) connection.socket.onclose?.(code, '');
  }
}

function logOf({ type, from, to }: Envelope): LogName {
  if (type === 'state') return personalLog(from.user_id === 'organiser' ? to.id : from.user_id);
  return to.type === 'broadcast' ? eventLog(to.id) : directLog(from.user_id, to.id);
}

/** Whose state, or which event's, an envelope concerns. */
function scopesOf({ from, to }: Envelope): readonly string[] {
  return to.type === 'broadcast' || from.user_id === to.id ? [to.id] : [to.id, from.user_id];
}

function notified(envelope: Envelope): readonly string[] {
  if (envelope.to.type === 'broadcast') return [];
  return envelope.type === 'state' ? [envelope.to.id] : scopesOf(envelope);
}

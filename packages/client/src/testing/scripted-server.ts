import {
  type ClientFrame,
  type Envelope,
  ERROR_CODES,
  type InboxItem,
  type Item,
  type LogName,
  type ReplyOf,
  type ServerFrame,
} from '@konferenco/protocol';
import type { Environment, Socket } from '../types.ts';
import { settle } from './virtual-clock.ts';

/** One end of a connection whose two directions are queues that the test flushes. */
export interface Wires {
  readonly url: string;
  readonly socket: Socket;
  /** What the client sent and the server has not looked at. */
  readonly toServer: ClientFrame[];
  /** What the server sent and the client has not got. */
  readonly toClient: ServerFrame[];
  open: boolean;
  closedWith: number | null;
}

type Frame<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>;

interface StoredLog {
  first: number;
  readonly items: Item[];
}

/**
 * A server that fits in a test: it keeps logs, answers frames, and sends live copies to who subscribed. Nothing moves
 * until the test flushes a direction, so a test chooses every interleaving.
 */
export class ScriptedServer {
  epoch = 'epoch-1';
  heartbeat_ms = 30_000;
  page = 100;
  expires_at: number | null = null;
  /** The position the server kept for the device; `null`: a new device. */
  inboxCursor: number | null = null;
  readonly inbox: InboxItem[] = [];
  readonly logs = new Map<LogName, StoredLog>();
  readonly connections: Wires[] = [];
  /** Answers a frame instead of the usual answer when it returns frames. */
  intercept: (frame: ClientFrame) => readonly ServerFrame[] | undefined = () => undefined;
  /** Every frame the server has looked at. */
  readonly seen: ClientFrame[] = [];
  readonly #subscribed = new Set<LogName>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  readonly openSocket: Environment['openSocket'] = (url) => {
    const wires: Wires = {
      url,
      toServer: [],
      toClient: [],
      open: false,
      closedWith: null,
      socket: {
        send: (text) => void wires.toServer.push(JSON.parse(text) as ClientFrame),
        close: (code = 1000) => {
          wires.open = false;
          wires.closedWith ??= code;
        },
        onopen: null,
        onmessage: null,
        onclose: null,
        buffered: 0,
      },
    };
    this.connections.push(wires);
    return wires.socket;
  };

  get wires(): Wires {
    const wires = this.connections.at(-1);
    if (!wires) throw new Error('no connection was opened');
    return wires;
  }

  /** Lets the newest connection's handshake succeed. */
  async accept(): Promise<void> {
    this.#subscribed.clear();
    this.wires.open = true;
    this.wires.socket.onopen?.();
    await settle();
  }

  /** Takes one client frame from the queue and answers it. */
  async serveOne(): Promise<void> {
    const frame = this.wires.toServer.shift();
    if (!frame) return;
    this.seen.push(frame);
    this.wires.toClient.push(...(this.intercept(frame) ?? this.#answer(frame)));
    await settle();
  }

  /** Hands the client one frame from the queue. */
  async deliverOne(): Promise<void> {
    const frame = this.wires.toClient.shift();
    if (frame) this.wires.socket.onmessage?.(JSON.stringify(frame));
    await settle();
  }

  /** Until both directions are empty. */
  async flush(): Promise<void> {
    await settle();
    while (this.wires.open && (this.wires.toServer.length > 0 || this.wires.toClient.length > 0)) {
      await this.serveOne();
      await this.deliverOne();
    }
  }

  send(...frames: readonly ServerFrame[]): void {
    this.wires.toClient.push(...frames);
  }

  /** Ends the connection; what was on its way is lost. */
  async cut(code = 1006, reason = ''): Promise<void> {
    const wires = this.wires;
    wires.open = false;
    wires.toClient.length = 0;
    wires.socket.onclose?.(code, reason);
    await settle();
  }

  log(name: LogName): StoredLog {
    const log = this.logs.get(name) ?? { first: 0, items: [] };
    this.logs.set(name, log);
    return log;
  }

  /** Stores an entry without a live copy. */
  store(name: LogName, envelope: Envelope): Item {
    const log = this.log(name);
    const offset = this.head(name) + 1;
    const item: Item = { offset, at: this.#now(), envelope };
    log.items.push(item);
    if (log.first === 0) log.first = 1;
    return item;
  }

  head(name: LogName): number {
    const log = this.log(name);
    return log.items.at(-1)?.offset ?? Math.max(0, log.first - 1);
  }

  /** Stores an entry and sends the live copy if the client is subscribed. */
  say(name: LogName, envelope: Envelope): Item {
    const item = this.store(name, envelope);
    if (this.#subscribed.has(name)) this.send({ type: 'message', log: name, items: [item] });
    return item;
  }

  /** Adds a pointer to the inbox; returns it unsent. */
  notify(log: LogName, item: Item, reason: InboxItem['reason'] = 'direct'): InboxItem {
    const pointer: InboxItem = { ...item, inbox: this.inbox.length + 1, reason, log };
    this.inbox.push(pointer);
    return pointer;
  }

  framesOf<T extends ClientFrame['type']>(type: T): readonly Frame<T>[] {
    return this.seen.filter((frame): frame is Frame<T> => frame.type === type);
  }

  #answer(frame: ClientFrame): readonly ServerFrame[] {
    const reply = (data: unknown): readonly ServerFrame[] =>
      'ref' in frame && frame.ref !== undefined ? [{ type: 'reply', ref: frame.ref, data }] : [];
    switch (frame.type) {
      case 'hello':
        return reply(this.#hello());
      case 'auth':
        return reply({ expires_at: this.expires_at });
      case 'subscribe':
        for (const log of frame.logs) this.#subscribed.add(log);
        return reply({
          logs: Object.fromEntries(
            frame.logs.map((log) => [log, { first: this.log(log).first, head: this.head(log) }]),
          ),
        });
      case 'sync':
        return reply({ operations: [], new_version: frame.since_version ?? '', has_more: false });
      case 'unsubscribe':
        for (const log of frame.logs) this.#subscribed.delete(log);
        return reply({});
      case 'publish':
        return frame.ref === undefined ? [] : this.#publish(frame.envelope, frame.ref, reply);
      case 'history':
        return reply(this.#history(frame));
      case 'ack':
        this.inboxCursor = frame.inbox;
        return [];
      case 'presence':
      case 'watch':
      case 'heartbeat':
        return reply({});
    }
  }

  #hello(): ReplyOf<'hello'> {
    return {
      user_id: 'mere',
      device_id: 'mere-phone',
      node: 'node-1',
      epoch: this.epoch,
      server_time: this.#now(),
      heartbeat_ms: this.heartbeat_ms,
      expires_at: this.expires_at,
      inbox: { cursor: this.inboxCursor, first: this.inbox.length > 0 ? 1 : 0, head: this.inbox.length },
    };
  }

  #publish(envelope: Envelope, ref: number, reply: (data: unknown) => readonly ServerFrame[]): readonly ServerFrame[] {
    const name =
      envelope.to.type === 'channel'
        ? `ch:${envelope.to.id}`
        : `dm:${[envelope.from.user_id, envelope.to.id].sort().join(':')}`;
    const known = this.log(name).items.find((item) => item.envelope?.id === envelope.id);
    if (known && JSON.stringify(known.envelope) !== JSON.stringify(envelope)) {
      const { code, text } = ERROR_CODES.id_reused;
      return [{ type: 'error', ref, code, error: 'id_reused', message: text }];
    }
    if (known) return reply({ log: name, offset: known.offset, at: known.at, duplicate: true });
    const item = this.store(name, envelope);
    const live: readonly ServerFrame[] = this.#subscribed.has(name)
      ? [{ type: 'message', log: name, items: [item] }]
      : [];
    return [...live, ...reply({ log: name, offset: item.offset, at: item.at })];
  }

  #history({ log, after, before, limit = this.page, thread }: Frame<'history'>): ReplyOf<'history'> {
    const size = Math.min(limit, this.page);
    if (log.startsWith('in:')) return this.#inboxHistory(log, after, size);
    const stored = this.log(log);
    const all =
      thread === undefined ? stored.items : stored.items.filter(({ envelope }) => envelope?.payload.thread === thread);
    const state = { log, first: stored.first, head: this.head(log) };
    if (after !== undefined) {
      const rest = all.filter(({ offset }) => offset > after);
      const gap =
        after + 1 < stored.first
          ? { gap: { from: after + 1, to: stored.first - 1, reason: 'retention' as const } }
          : {};
      return { ...state, items: rest.slice(0, size), has_more: rest.length > size, ...gap };
    }
    const rest = all.filter(({ offset }) => before === undefined || offset < before);
    return { ...state, items: rest.slice(-size), has_more: rest.length > size };
  }

  #inboxHistory(log: LogName, after: number | undefined, size: number): ReplyOf<'history'> {
    const rest = this.inbox.filter(({ inbox }) => inbox > (after ?? Math.max(0, this.inbox.length - size)));
    return {
      log,
      items: rest.slice(0, size),
      first: this.inbox.length > 0 ? 1 : 0,
      head: this.inbox.length,
      has_more: rest.length > size,
    };
  }
}

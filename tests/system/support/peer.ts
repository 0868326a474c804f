import {
  createIdGenerator,
  type Envelope,
  type InboxItem,
  type Item,
  type ReplyOf,
  type ServerFrame,
  type ServerFrameOf,
} from '@konferenco/protocol';
import { type Ended, RawSocket, type UpgradeRequest } from './raw-socket.ts';

export type Refusal = ServerFrameOf<'error'>;

/** Ids of one test process: real time, real randomness. */
export const newId = createIdGenerator({
  now: () => Date.now(),
  random16: () => crypto.getRandomValues(new Uint8Array(16)),
});

export interface Text {
  readonly id?: string;
  readonly from: string;
  readonly to: Envelope['to'];
  readonly text: string;
}

/** A chat's envelope. */
export function textEnvelope({ id = newId(), from, to, text }: Text): Envelope {
  const subtype = to.type === 'user' ? 'direct_message' : 'channel_message';
  return { id, type: 'chat', subtype, from: { user_id: from }, to, payload: { text }, timestamp: Date.now() };
}

export interface PeerOptions extends Omit<UpgradeRequest, 'path'> {
  readonly user: string;
  readonly device?: string;
  /** Credentials of the upgrade; the user's bare name by default. */
  readonly query?: string;
}

/** A person on a raw socket that speaks `konferenco-v1`: no outbox, no reconnecting, nothing hidden. */
export class Peer {
  readonly user: string;
  readonly socket: RawSocket;
  /** Frames that answered no request. Emptied by whoever reads them. */
  readonly frames: ServerFrame[] = [];
  onFrame: (frame: ServerFrame) => void = (frame) => this.frames.push(frame);
  readonly #pending = new Map<number, (answer: unknown) => void>();
  #ref = 0;

  /** Connects and says hello. @throws {Error} when the upgrade is refused. */
  static async connect(options: PeerOptions): Promise<Peer> {
    const peer = await Peer.upgrade(options);
    await peer.ask('hello', { device_id: options.device ?? `${options.user}-device` });
    return peer;
  }

  /** Connects without a hello. */
  static async upgrade(options: PeerOptions): Promise<Peer> {
    const socket = await RawSocket.open({ ...options, path: `/ws?${options.query ?? `token=${options.user}`}` });
    const { status, body } = await socket.answered;
    if (status !== 101) throw new Error(`refused with ${status}: ${body}`);
    return new Peer(options.user, socket);
  }

  constructor(user: string, socket: RawSocket) {
    this.user = user;
    this.socket = socket;
    const early = socket.texts.splice(0);
    socket.onText = (text) => this.#received(text);
    for (const text of early) this.#received(text);
    void socket.ended.then((ended) => {
      for (const settle of this.#pending.values()) settle(ended);
      this.#pending.clear();
    });
  }

  get ended(): Promise<Ended> {
    return this.socket.ended;
  }

  say(frame: Record<string, unknown> | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The answer to a request: the reply's data, the error frame, or how the connection ended before either. */
  request(frame: Record<string, unknown>): Promise<unknown> {
    const ref = ++this.#ref;
    return new Promise((resolve) => {
      this.#pending.set(ref, resolve);
      if (this.socket.tcp.destroyed) void this.ended.then(resolve);
      else this.say({ ...frame, ref });
    });
  }

  /** The reply's data. @throws {Error} for any other answer. */
  async ask<T extends 'hello' | 'subscribe' | 'history' | 'publish' | 'auth'>(
    type: T,
    fields: Record<string, unknown>,
  ): Promise<ReplyOf<T>> {
    const answer = await this.request({ type, ...fields });
    if (isError(answer) || isEnded(answer)) throw new Error(`${this.user}'s ${type} got ${JSON.stringify(answer)}`);
    return answer as ReplyOf<T>;
  }

  /** The refusal of a request. @throws {Error} when it was granted. */
  async refused(type: string, fields: Record<string, unknown>): Promise<Refusal> {
    const answer = await this.request({ type, ...fields });
    if (!isError(answer)) throw new Error(`${this.user}'s ${type} was not refused: ${JSON.stringify(answer)}`);
    return answer;
  }

  publish(to: Envelope['to'], text: string, id?: string): Promise<ReplyOf<'publish'>> {
    return this.ask('publish', {
      envelope: textEnvelope({ from: this.user, to, text, ...(id === undefined ? {} : { id }) }),
    });
  }

  /** A whole log, page by page. */
  async readAll(log: string): Promise<(Item & Partial<InboxItem>)[]> {
    const all: (Item & Partial<InboxItem>)[] = [];
    for (let after = 0; ; ) {
      const page = await this.ask('history', { log, after, limit: 100 });
      if (page.gap) throw new Error(`${log} has a gap: ${JSON.stringify(page.gap)}`);
      all.push(...page.items);
      const last = page.items.at(-1);
      if (!page.has_more || !last) return all;
      after = 'inbox' in last ? last.inbox : last.offset;
    }
  }

  close(): Promise<Ended> {
    return this.socket.close();
  }

  #received(text: string): void {
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === 'heartbeat') return this.say({ type: 'heartbeat', nonce: frame.nonce });
    const ref = frame.type === 'reply' || frame.type === 'error' ? frame.ref : undefined;
    const settle = ref === undefined ? undefined : this.#pending.get(ref);
    if (ref === undefined || !settle) return this.onFrame(frame);
    this.#pending.delete(ref);
    settle(frame.type === 'reply' ? frame.data : frame);
  }
}

function isError(answer: unknown): answer is Refusal {
  return typeof answer === 'object' && answer !== null && 'type' in answer && answer.type === 'error';
}

function isEnded(answer: unknown): answer is Ended {
  return typeof answer === 'object' && answer !== null && 'reason' in answer && 'code' in answer;
}

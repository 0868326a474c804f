import { channelLog, SUBPROTOCOL } from '@konferenco/protocol';
import { decorrelatedJitter } from '@konferenco/core';

interface Place {
  readonly node: string;
  readonly url: string;
}

export interface CrowdOptions {
  /** Addresses of nodes that are asked where to go; each member asks one of them. */
  readonly bases: readonly string[];
  /** Node at which everybody begins, whatever `bases` would say: its name and address. */
  readonly first?: Place;
  readonly size: number;
  readonly prefix: string;
  readonly channel: string;
}

export interface CrowdFigures {
  readonly online: number;
  /** Connections that ended without having been told to. */
  readonly lost: number;
  /** Answers that said when to come back (429). */
  readonly told: number;
  /** Tries that failed otherwise: to a node that is gone, above all. */
  readonly failed: number;
  /** Newest entry of the channel that every member has seen; 0 while somebody has seen none. */
  readonly heard: number;
}

const PAUSE = { base_ms: 300, cap_ms: 10_000 };
/** Members that come in at once at the beginning. */
const AT_ONCE = 200;
const SILENT_MS = 10_000;

/** Many people on bare sockets who listen, watch a channel's presence, and come back by the rules when they are cut off. */
export class Crowd {
  readonly #options: CrowdOptions;
  readonly #members: Member[];
  readonly tally = { lost: 0, told: 0, failed: 0 };

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#members = Array.from({ length: options.size }, (_, index) => new Member(`${options.prefix}-${index}`, this));
  }

  get options(): CrowdOptions {
    return this.#options;
  }

  /** Resolves when everybody is connected and hears the channel. */
  async arrive(): Promise<void> {
    let next = 0;
    const usher = async () => {
      while (next < this.#members.length) await this.#members[next++]?.come(this.#options.first);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, usher));
  }

  figures(): CrowdFigures {
    const online = this.#members.filter((member) => member.isOnline).length;
    const heard = this.#members.reduce((least, member) => Math.min(least, member.heard), Number.POSITIVE_INFINITY);
    return { online, heard, ...this.tally };
  }

  leave(): void {
    for (const member of this.#members) member.leave();
  }
}

class Member {
  readonly #user: string;
  readonly #crowd: Crowd;
  readonly #base: string;
  #socket: WebSocket | null = null;
  #avoid = '';
  #hasLeft = false;
  isOnline = false;
  heard = 0;

  constructor(user: string, crowd: Crowd) {
    const { bases } = crowd.options;
    this.#user = user;
    this.#crowd = crowd;
    this.#base = bases[Bun.hash.crc32(user) % bases.length] ?? '';
  }

  /** Tries until it is in. */
  async come(at?: Place): Promise<void> {
    for (let pause = 0; !this.#hasLeft; ) {
      const wait = await this.#try(at).catch(() => null);
      if (wait === 0) return;
      pause = decorrelatedJitter(pause, Math.random(), PAUSE);
      if (wait === null) this.#crowd.tally.failed++;
      else this.#crowd.tally.told++;
      await Bun.sleep(wait ?? pause);
    }
  }

  leave(): void {
    this.#hasLeft = true;
    this.#socket?.close();
  }

  /** Milliseconds until it may come again; 0: it is in. @throws when a node cannot be reached */
  async #try(at: Place | undefined): Promise<number> {
    const avoid = this.#avoid === '' ? '' : `?avoid=${this.#avoid}`;
    const answer = await fetch(`${this.#base}/api/connect${avoid}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#user}` },
      signal: AbortSignal.timeout(SILENT_MS),
    });
    if (answer.status === 429) {
      const { retry_after_ms } = (await answer.json()) as { retry_after_ms: number };
      return retry_after_ms + Math.random() * PAUSE.base_ms;
    }
    if (!answer.ok) throw new Error(`/api/connect answered ${answer.status}`);
    const { url, node, ticket } = (await answer.json()) as { url: string; node?: string; ticket: string };
    const address = new URL(at === undefined ? url : '/ws', at?.url ?? this.#base);
    address.protocol = 'ws:';
    address.searchParams.set('ticket', ticket);
    // From the moment it is lost without a word: it is probably gone.
    this.#avoid = at?.node ?? node ?? '';
    await this.#open(address.href);
    return 0;
  }

  #open(url: string): Promise<void> {
    const { channel } = this.#crowd.options;
    const log = channelLog(channel);
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, SUBPROTOCOL);
      this.#socket = socket;
      const timer = setTimeout(() => socket.close(), SILENT_MS);
      const say = (frame: object) => socket.send(JSON.stringify(frame));
      socket.onopen = () => {
        say({ type: 'hello', ref: 1, device_id: this.#user });
        say({ type: 'watch', ref: 2, channels: [channel] });
        say({ type: 'subscribe', ref: 3, logs: [log] });
        // What was said while it was away.
        say({ type: 'history', ref: 4, log, after: this.heard, limit: 100 });
      };
      socket.onmessage = ({ data }) => {
        const text = String(data);
        if (text.includes('"heartbeat"')) say({ type: 'heartbeat', nonce: JSON.parse(text).nonce });
        for (const [, offset] of text.matchAll(/"offset":(\d+)/g)) this.heard = Math.max(this.heard, Number(offset));
        if (!text.includes('"ref":4')) return;
        clearTimeout(timer);
        this.isOnline = true;
        resolve();
      };
      socket.onclose = () => {
        clearTimeout(timer);
        reject(new Error('the connection ended'));
        if (!this.isOnline) return;
        this.isOnline = false;
        this.#crowd.tally.lost++;
        if (!this.#hasLeft) void Bun.sleep(Math.random() * 3 * PAUSE.base_ms).then(() => this.come());
      };
    });
  }
}

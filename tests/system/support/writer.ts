import type { Envelope, LogName, ReplyOf } from '@konferenco/protocol';
import { newId, Peer, textEnvelope } from './peer.ts';

/** Something said: kept until it is acknowledged, and then for good. */
interface Said {
  readonly id: string;
  readonly envelope: Envelope;
}

export interface Acknowledged {
  readonly id: string;
  readonly log: LogName;
  readonly offset: number;
}

export interface WriterOptions {
  readonly user: string;
  readonly port: number;
  /** Publishes without an answer at one time. */
  readonly window: number;
  /** Whom or what the next message is for. */
  readonly address: () => Envelope['to'];
}

/**
 * Somebody who writes all the time: keeps a window of unanswered publishes, and after a lost connection sends again,
 * under the same ids, what was not acknowledged.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #open = new Map<string, Said>();
  readonly acknowledged: Acknowledged[] = [];
  /** Answers other than a reply or a lost connection. */
  readonly refusals: unknown[] = [];
  #peer: Peer | null = null;
  #writing = true;
  #count = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  get user(): string {
    return this.#options.user;
  }

  get unacknowledged(): number {
    return this.#open.size;
  }

  /** Connects and goes on writing. Rejects when the server cannot be reached. */
  async connect(): Promise<void> {
    const { user, port } = this.#options;
    const peer = await Peer.connect({ user, port });
    this.#peer = peer;
    // What comes live is not looked at: the log is the truth.
    peer.onFrame = () => undefined;
    for (const said of this.#open.values()) this.#send(peer, said);
    this.#fill(peer);
  }

  /** Writes nothing new; what is open still wants its answer. */
  stopWriting(): void {
    this.#writing = false;
  }

  disconnect(): void {
    this.#peer?.socket.cut();
    this.#peer = null;
  }

  #fill(peer: Peer): void {
    while (this.#writing && peer === this.#peer && this.#open.size < this.#options.window) {
      const id = newId();
      const envelope = textEnvelope({
        id,
        from: this.user,
        to: this.#options.address(),
        text: `${this.user} ${this.#count++}`,
      });
      const said = { id, envelope };
      this.#open.set(id, said);
      this.#send(peer, said);
    }
  }

  #send(peer: Peer, { id, envelope }: Said): void {
    void peer.request({ type: 'publish', envelope }).then((answer) => {
      if (isReceipt(answer)) {
        this.#open.delete(id);
        this.acknowledged.push({ id, log: answer.log, offset: answer.offset });
      } else if (!isLoss(answer)) {
        this.refusals.push(answer);
        this.#open.delete(id);
      } else return;
      this.#fill(peer);
    });
  }
}

function isReceipt(answer: unknown): answer is ReplyOf<'publish'> {
  return typeof answer === 'object' && answer !== null && 'offset' in answer;
}

function isLoss(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'reason' in answer;
}

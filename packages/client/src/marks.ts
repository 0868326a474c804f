import type { ConversationInfo } from '@konferenco/protocol';
import type { LogKeeping } from './kept/keeping.ts';
import { ReadMark } from './read-mark.ts';
import type { Replica } from './replica.ts';
import type { Environment } from './types.ts';

export interface MarksOptions {
  readonly environment: Pick<Environment, 'now' | 'after'>;
  readonly kept: () => LogKeeping;
  readonly replica: Replica;
  /** Publishes one's own mark; false when there is no connection. */
  readonly say: (offset: number) => boolean;
}

/** How far a conversation was read, by oneself and by the other person; kept on the device. */
export class Marks {
  readonly own: ReadMark;
  readonly #kept: () => LogKeeping;
  readonly #replica: Replica;

  constructor({ environment, kept, replica, say }: MarksOptions) {
    this.#kept = kept;
    this.#replica = replica;
    this.own = new ReadMark({ environment, say, keep: (read, said) => kept().note({ read, said }) });
    this.restore();
  }

  /** Takes up what this device keeps. */
  restore(): void {
    const { read, said, peer_read } = this.#kept().row;
    this.own.restore(read, said);
    this.#replica.readByPeer(peer_read);
  }

  /** The conversation list says so. */
  listed({ read, peer_read }: ConversationInfo): void {
    this.own.learn(read);
    if (peer_read !== undefined) this.byPeer(peer_read);
  }

  byPeer(offset: number): void {
    this.#replica.readByPeer(offset);
    this.#kept().note({ peer_read: this.#replica.peerRead });
  }
}

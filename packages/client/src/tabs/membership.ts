import type { PortId } from './multiplex-state.ts';
import type { SharedSocket } from './shared-socket.ts';
import type { TabMessage } from './tab-message.ts';

export interface MembershipOptions {
  /** This tab. */
  readonly id: string;
  /** The term of office whose connection this tab uses. */
  readonly owner: string;
  readonly post: (message: TabMessage) => void;
  /** The owner says that this tab's program cannot share. */
  readonly goAlone: () => void;
}

interface Member {
  readonly socket: SharedSocket;
  said: number;
  heard: number;
}

/** A tab's sockets on the connection of another tab. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #members = new Map<PortId, Member>();

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  get owner(): string {
    return this.#options.owner;
  }

  join(socket: SharedSocket): void {
    const { id: from, owner: to, post } = this.#options;
    const { port, url, protocol } = socket;
    const member: Member = { socket, said: 0, heard: 0 };
    this.#members.set(port, member);
    socket.attach({
      send: (text) => post({ kind: 'say', from, to, port, seq: ++member.said, text }),
      close: () => {
        this.#members.delete(port);
        post({ kind: 'leave', from, to, port });
      },
      buffered: 0,
    });
    post({ kind: 'open', from, to, port, url, protocol });
  }

  /** Takes a word of the owner. */
  receive(message: TabMessage): void {
    switch (message.kind) {
      case 'opened':
        return this.#members.get(message.port)?.socket.opened();
      case 'hear':
        for (const [port, seq] of message.ports) this.#hear(port, seq, message.text);
        return;
      case 'closed': {
        const mine = message.ports.filter((port) => this.#members.has(port));
        if (message.alone && mine.length > 0) this.#options.goAlone();
        for (const port of mine) this.#close(port, message.code, message.reason);
        return;
      }
      default:
        return;
    }
  }

  /** The owner is no more. */
  end(code: number, reason: string): void {
    for (const port of [...this.#members.keys()]) this.#close(port, code, reason);
  }

  #hear(port: PortId, seq: number, text: string): void {
    const member = this.#members.get(port);
    if (!member) return;
    // The channel lost a frame: only a new beginning brings it back.
    if (seq !== member.heard + 1) {
      const { id: from, owner: to, post } = this.#options;
      post({ kind: 'leave', from, to, port });
      return this.#close(port, 1006, '');
    }
    member.heard = seq;
    member.socket.hear(text);
  }

  #close(port: PortId, code: number, reason: string): void {
    const member = this.#members.get(port);
    this.#members.delete(port);
    member?.socket.closed(code, reason);
  }
}

import { PULSE_MS, SILENCES_MAX } from './election.ts';
import { Hub } from './hub.ts';
import { Lease } from './lease.ts';
import type { MultiplexerEffect, PortId } from './multiplex-state.ts';
import type { SharedSocket } from './shared-socket.ts';
import type { TabSurroundings } from './surroundings.ts';
import { type TabMessage, TEXT_MAX } from './tab-message.ts';

/**
 * A tab with a port that says nothing for so long is frozen: its port goes. Pages in the background may run their
 * timers once a minute only.
 */
export const GUEST_SILENT_MS = 150_000;
const SWEEP_MS = 30_000;

export interface OfficeOptions {
  /** Names this term of office. */
  readonly term: string;
  readonly surroundings: TabSurroundings;
  readonly post: (message: TabMessage) => void;
  /** The lock a tab holds as long as it lives. */
  readonly lockOf: (tab: string) => string;
  /** This tab's own socket cannot share. */
  readonly goAlone: () => void;
  /** Another tab has gone, and what only it looked after may need somebody else. */
  readonly tabGone: (tab: string) => void;
  /** A round of looking after things is due. */
  readonly swept: () => void;
}

/** A port of another tab: frames said and heard so far, each way. */
interface Guest {
  readonly tab: string;
  said: number;
  heard: number;
}

/** One term of owning the connection: serves this tab's sockets and the other tabs' ports. */
export class Office {
  readonly #options: OfficeOptions;
  readonly #hub: Hub;
  readonly #own = new Map<PortId, SharedSocket>();
  readonly #guests = new Map<PortId, Guest>();
  /** Other tabs, and when each was heard last. */
  readonly #tabs = new Map<string, { heard_at: number; readonly life: Lease }>();
  #cancelSweep: () => void = () => {};
  readonly #since: number;
  #hasHeard = false;

  constructor(options: OfficeOptions) {
    this.#options = options;
    this.#since = options.surroundings.environment.now();
    this.#hub = new Hub(options.surroundings.environment, {
      opened: (ports) => this.#opened(ports),
      deliver: (ports, text) => this.#deliver(ports, text),
      close: (close) => this.#close(close),
    });
    this.#sweep();
  }

  get term(): string {
    return this.#options.term;
  }

  /** Whether no other tab was heard although there was time for it. */
  get isDeaf(): boolean {
    const { now } = this.#options.surroundings.environment;
    return !this.#hasHeard && now() - this.#since >= PULSE_MS * SILENCES_MAX;
  }

  /** Serves a socket of this tab. */
  join(socket: SharedSocket): void {
    const { port, url, protocol } = socket;
    this.#own.set(port, socket);
    socket.attach({
      send: (text) => this.#hub.input({ kind: 'port_frame', port, text }),
      close: () => {
        this.#own.delete(port);
        this.#hub.input({ kind: 'port_closed', port });
      },
      buffered: 0,
    });
    this.#hub.input({ kind: 'port_opened', port, url, protocol });
  }

  /** Takes a word of another tab to this office. */
  receive(message: TabMessage): void {
    const { post, term } = this.#options;
    this.#hasHeard = true;
    this.#know(message.from);
    switch (message.kind) {
      case 'seek':
        return post({ kind: 'owner', from: term, to: message.from });
      case 'ping':
        return post({ kind: 'pong', from: term, to: message.from });
      case 'open':
        return this.#admit(message);
      case 'say':
        return this.#heard(message);
      case 'leave':
        return this.#leave(message.port);
      default:
        return;
    }
  }

  /** Ends the term: the connection closes, and all that hangs on it. */
  end(code: number, reason: string): void {
    this.#cancelSweep();
    this.#hub.stop();
    for (const { life } of this.#tabs.values()) life.release();
    this.#tabs.clear();
    this.#guests.clear();
    const own = [...this.#own.values()];
    this.#own.clear();
    for (const socket of own) socket.closed(code, reason);
  }

  #admit({ from, port, url, protocol }: TabMessage & { kind: 'open' }): void {
    if (this.#guests.has(port)) return;
    this.#guests.set(port, { tab: from, said: 0, heard: 0 });
    this.#hub.input({ kind: 'port_opened', port, url, protocol });
  }

  /** Tabs are known from their first word on, so that none goes unnoticed. */
  #know(tab: string): void {
    const { surroundings, lockOf } = this.#options;
    const heard_at = surroundings.environment.now();
    const known = this.#tabs.get(tab);
    if (known) known.heard_at = heard_at;
    if (known) return;
    const life = new Lease(surroundings);
    this.#tabs.set(tab, { heard_at, life });
    const gone = () => this.#tabGone(tab);
    life.request(lockOf(tab), { granted: gone, stolen: gone, failed: gone });
  }

  #heard({ from, port, seq, text }: TabMessage & { kind: 'say' }): void {
    const guest = this.#guests.get(port);
    // A port of an earlier term, or one that lost a frame on the way: the tab has to begin anew.
    if (guest?.tab !== from || seq !== guest.said + 1) {
      this.#leave(port);
      return this.#tellClosed([port], 1006, '');
    }
    guest.said = seq;
    this.#hub.input({ kind: 'port_frame', port, text });
  }

  #leave(port: PortId): void {
    this.#guests.delete(port);
    this.#hub.input({ kind: 'port_closed', port });
  }

  #tabGone(tab: string): void {
    this.#tabs.get(tab)?.life.release();
    this.#tabs.delete(tab);
    for (const [port, guest] of [...this.#guests]) if (guest.tab === tab) this.#leave(port);
    this.#options.tabGone(tab);
  }

  #sweep(): void {
    const { now, after } = this.#options.surroundings.environment;
    this.#cancelSweep = after(SWEEP_MS, () => {
      for (const [tab, { heard_at }] of [...this.#tabs]) {
        if (now() - heard_at < GUEST_SILENT_MS) continue;
        const ports = [...this.#guests].flatMap(([port, guest]) => (guest.tab === tab ? [port] : []));
        this.#tellClosed(ports, 1006, '');
        this.#tabGone(tab);
      }
      // A tab may have come and gone without a word that arrived.
      this.#options.swept();
      this.#sweep();
    });
  }

  #opened(ports: readonly PortId[]): void {
    for (const port of ports) {
      const socket = this.#own.get(port);
      if (socket) socket.opened();
      else if (this.#guests.has(port)) this.#options.post({ kind: 'opened', from: this.term, port });
    }
  }

  #deliver(ports: readonly PortId[], text: string): void {
    const guests = ports.filter((port) => this.#guests.has(port));
    if (guests.length > 0) this.#send(guests, text);
    for (const port of ports) this.#own.get(port)?.hear(text);
  }

  #send(ports: readonly PortId[], text: string): void {
    // Too much for the channel: these tabs hear the server themselves.
    if (text.length > TEXT_MAX) {
      this.#tellClosed(ports, 1006, '', true);
      for (const port of ports) this.#leave(port);
      return;
    }
    const numbered = ports.map((port): [PortId, number] => {
      const guest = this.#guests.get(port);
      return [port, guest ? ++guest.heard : 0];
    });
    this.#options.post({ kind: 'hear', from: this.term, ports: numbered, text });
  }

  #close({ ports, code, reason, alone }: MultiplexerEffect & { kind: 'close' }): void {
    const guests = ports.filter((port) => this.#guests.delete(port));
    this.#tellClosed(guests, code, reason, alone);
    for (const port of ports) {
      const socket = this.#own.get(port);
      this.#own.delete(port);
      if (socket && alone) this.#options.goAlone();
      socket?.closed(code, reason);
    }
  }

  #tellClosed(ports: readonly PortId[], code: number, reason: string, alone = false): void {
    if (ports.length > 0) {
      const brief = reason.slice(0, 123);
      this.#options.post({ kind: 'closed', from: this.term, ports, code, reason: brief, alone });
    }
  }
}

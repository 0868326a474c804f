import type { Environment, Socket } from '../types.ts';
import { CONNECT_MS, multiplex, type MultiplexerInput } from './multiplex.ts';
import { deadlineOf, type MultiplexerEffect, type MultiplexerState, NOTHING, type PortId } from './multiplex-state.ts';

/** Where the hub's words to the tabs go. */
export interface HubOutlet {
  opened(ports: readonly PortId[]): void;
  deliver(ports: readonly PortId[], text: string): void;
  close(close: MultiplexerEffect & { kind: 'close' }): void;
}

/** Holds the real connection and performs what the multiplexer decides. */
export class Hub {
  readonly #environment: Pick<Environment, 'now' | 'after' | 'openSocket'>;
  readonly #outlet: HubOutlet;
  #state: MultiplexerState = NOTHING;
  #socket: Socket | null = null;
  readonly #inputs: MultiplexerInput[] = [];
  #isBusy = false;
  #cancelDeadline: (() => void) | null = null;

  constructor(environment: Pick<Environment, 'now' | 'after' | 'openSocket'>, outlet: HubOutlet) {
    this.#environment = environment;
    this.#outlet = outlet;
  }

  /** Inputs that come while one is worked on wait for their turn, so that each tab hears in the server's order. */
  input(input: MultiplexerInput): void {
    this.#inputs.push(input);
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) this.#take(next);
    this.#isBusy = false;
    this.#watchDeadline();
  }

  /** Ends the connection without a word to the tabs. */
  stop(): void {
    this.#state = NOTHING;
    this.#inputs.length = 0;
    this.#drop();
    this.#watchDeadline();
  }

  #take(input: MultiplexerInput): void {
    const { state, effects } = multiplex(this.#state, input, this.#environment.now());
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: MultiplexerEffect): void {
    switch (effect.kind) {
      case 'open':
        return this.#open(effect.url, effect.protocol);
      case 'send':
        return this.#socket?.send(effect.text);
      case 'drop':
        return this.#drop();
      case 'opened':
        return this.#outlet.opened(effect.ports);
      case 'deliver':
        return this.#outlet.deliver(effect.ports, effect.text);
      case 'close':
        return this.#outlet.close(effect);
    }
  }

  #open(url: string, protocol: string): void {
    try {
      const socket = this.#environment.openSocket(url, protocol);
      this.#socket = socket;
      socket.onopen = () => this.input({ kind: 'connected' });
      socket.onmessage = (text) => this.input({ kind: 'server_frame', text });
      socket.onclose = (code, reason) => {
        this.#socket = null;
        this.input({ kind: 'disconnected', code, reason });
      };
    } catch (thrown) {
      // An address that no socket can be made of: the tab that brought it gets another.
      this.input({ kind: 'disconnected', code: 1006, reason: thrown instanceof Error ? thrown.message : '' });
    }
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000, '');
  }

  #watchDeadline(): void {
    const deadline = deadlineOf(this.#state, CONNECT_MS);
    if (deadline === null) {
      this.#cancelDeadline?.();
      this.#cancelDeadline = null;
      return;
    }
    this.#cancelDeadline ??= this.#environment.after(Math.max(0, deadline - this.#environment.now()), () => {
      this.#cancelDeadline = null;
      this.input({ kind: 'tick' });
    });
  }
}

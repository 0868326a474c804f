import { CLOSE_CODES } from '@konferenco/protocol';
import type { Socket } from '../types.ts';
import { elect, type ElectionEffect, type ElectionInput, type ElectionState, PULSE_MS } from './election.ts';
import { Lease } from './lease.ts';
import { type TabNames, tabNames } from './lock-names.ts';
import { Membership } from './membership.ts';
import { Office } from './office.ts';
import { connectAlone, SharedSocket } from './shared-socket.ts';
import type { SharedTabs, ShareTabsOptions } from './shared-tabs.ts';
import type { TabChannel } from './surroundings.ts';
import { readTabMessage, type TabMessage } from './tab-message.ts';

/** Joins the tabs of one account, from this tab's first socket on. */
export function shareTabs(options: ShareTabsOptions): SharedTabs {
  return new Tab(options);
}

const HANDOVER = CLOSE_CODES.migrate;

class Tab implements SharedTabs {
  readonly #options: ShareTabsOptions;
  readonly #names: TabNames;
  #state: ElectionState = { kind: 'idle' };
  readonly #life: Lease;
  readonly #connection: Lease;
  #channel: TabChannel | null = null;
  #office: Office | null = null;
  #membership: Membership | null = null;
  /** Sockets that have not found a connection yet. */
  readonly #waiting = new Set<SharedSocket>();
  #isAlone = false;
  /** Each joining is another tab to the others, so that none waits for what is left of an earlier one. */
  #joins = 0;
  #terms = 0;
  #ports = 0;
  #cancelPulse: (() => void) | null = null;
  #isPreparing = false;
  readonly #stopPage: () => void;

  constructor(options: ShareTabsOptions) {
    this.#options = options;
    this.#names = tabNames(options.name);
    this.#life = new Lease(options.surroundings);
    this.#connection = new Lease(options.surroundings);
    this.#stopPage = options.surroundings.page.subscribe((event) => this.#input({ kind: event }));
  }

  get id(): string {
    return `${this.#options.surroundings.id}.${this.#joins}`;
  }

  get part(): ElectionState['kind'] {
    return this.#state.kind;
  }

  join(): void {
    this.#input({ kind: 'want' });
  }

  openSocket(url: string, protocol: string): Socket {
    const socket = new SharedSocket(`${this.id}:${++this.#ports}`, url, protocol);
    this.#waiting.add(socket);
    // As a platform's socket does, it tells nothing before its listeners can be there, some promises later.
    this.#options.surroundings.environment.after(0, () => {
      this.#input({ kind: 'want' });
      this.#place();
    });
    return socket;
  }

  post(message: TabMessage): void {
    this.#channel?.post(message);
  }

  async others(): Promise<number> {
    const mine = this.#names.tab(this.id);
    const held = await this.#options.surroundings.locks.held();
    return held.filter((name) => name !== mine && name.startsWith(this.#names.tab(''))).length;
  }

  close(): void {
    this.#stopPage();
    this.#input({ kind: 'close' });
    this.#place();
  }

  #input(input: ElectionInput): void {
    const { state, effects } = elect(this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.#pulse();
  }

  #perform(effect: ElectionEffect): void {
    switch (effect.kind) {
      case 'request':
        return this.#join();
      case 'queue':
        return this.#queue();
      case 'release':
        return this.#leave();
      case 'seek':
        return this.post({ kind: 'seek', from: this.id });
      case 'ping':
        return this.post({ kind: 'ping', from: this.id, to: effect.owner });
      case 'prepare':
        return void this.#prepare();
      case 'steal':
        return this.#queue({ steal: true });
      case 'start':
        return this.#takeOffice();
      case 'stop':
        return this.#leaveOffice();
      case 'follow':
        return this.#follow(effect.owner);
      case 'unfollow':
        this.#membership?.end(HANDOVER.code, HANDOVER.text);
        this.#membership = null;
        return;
      case 'go_alone':
        return this.#goAlone();
    }
  }

  /** Shows the others that this tab lives, then queues for the connection. */
  #join(): void {
    const { openChannel } = this.#options.surroundings;
    try {
      if (!this.#channel) {
        const channel = openChannel(this.#names.channel);
        channel.onmessage = (message) => this.#receive(message);
        this.#channel = channel;
      }
    } catch {
      // No channel here (an opaque origin, an old webview): that is what `alone` is for.
      return queueMicrotask(() => this.#input({ kind: 'unavailable' }));
    }
    this.#joins++;
    const unavailable = () => this.#input({ kind: 'unavailable' });
    const granted = () => {
      if (this.#state.kind === 'seeking' || this.#state.kind === 'following') this.#queue();
    };
    this.#life.request(this.#names.tab(this.id), { granted, stolen: unavailable, failed: unavailable });
    this.#options.joined?.();
  }

  #queue(options: { readonly steal?: boolean } = {}): void {
    this.#connection.request(
      this.#names.connection,
      {
        granted: () => this.#input({ kind: 'granted' }),
        stolen: () => this.#input({ kind: 'stolen', deaf: this.#office?.isDeaf ?? false }),
        failed: () => this.#input({ kind: 'unavailable' }),
      },
      options,
    );
  }

  #leave(): void {
    this.#connection.release();
    this.#life.release();
    this.#channel?.close();
    this.#channel = null;
  }

  /** One tab at a time takes over, and only after a last question. */
  async #prepare(): Promise<void> {
    if (this.#isPreparing) return;
    this.#isPreparing = true;
    const { locks, environment } = this.#options.surroundings;
    try {
      await locks.request(this.#names.takeover, { ifAvailable: true }, async (lock) => {
        if (!lock) return;
        this.post({ kind: 'seek', from: this.id });
        if (this.#state.kind === 'following') this.post({ kind: 'ping', from: this.id, to: this.#state.owner });
        await new Promise<void>((resolve) => environment.after(PULSE_MS, resolve));
        this.#input({ kind: 'may_take_over' });
      });
    } catch {
      this.#input({ kind: 'unavailable' });
    } finally {
      this.#isPreparing = false;
    }
  }

  #takeOffice(): void {
    const { surroundings, inherit } = this.#options;
    this.#office = new Office({
      term: `${this.id}.${++this.#terms}`,
      surroundings,
      post: (message) => this.post(message),
      lockOf: (tab) => this.#names.tab(tab),
      goAlone: () => this.#goAlone(),
      tabGone: (tab) => {
        this.post({ kind: 'gone', from: this.id, tab });
        inherit?.();
      },
      swept: () => inherit?.(),
    });
    this.post({ kind: 'owner', from: this.#office.term, to: null });
    this.#place();
    inherit?.();
  }

  #leaveOffice(): void {
    const office = this.#office;
    this.#office = null;
    if (!office) return;
    office.end(HANDOVER.code, HANDOVER.text);
    this.post({ kind: 'retired', from: office.term });
  }

  #follow(owner: string): void {
    this.#membership = new Membership({
      id: this.id,
      owner,
      post: (message) => this.post(message),
      goAlone: () => this.#goAlone(),
    });
    this.#place();
    this.#options.changed?.();
  }

  /** This tab's sockets are connections of their own from now on. */
  #goAlone(): void {
    this.#isAlone = true;
    this.#place();
  }

  /** Lets waiting sockets find their connection. */
  #place(): void {
    for (const socket of [...this.#waiting]) {
      const isOver = this.#state.kind === 'closed';
      const connection = this.#office ?? this.#membership;
      if (!socket.isClosed && !isOver && !this.#isAlone && !connection) continue;
      this.#waiting.delete(socket);
      if (socket.isClosed) continue;
      if (isOver) socket.closed(1006, '');
      else if (this.#isAlone) connectAlone(socket, this.#options.surroundings.environment.openSocket);
      else connection?.join(socket);
    }
  }

  #receive(value: unknown): void {
    const message = readTabMessage(value);
    if (!message || message.from === this.id) return;
    switch (message.kind) {
      case 'owner':
        if (message.to !== null && message.to !== this.id) return;
        return this.#input({ kind: 'owner', owner: message.from, toAll: message.to === null });
      case 'pong':
        return message.to === this.id ? this.#input({ kind: 'pong', owner: message.from }) : undefined;
      case 'retired':
        return this.#input({ kind: 'retired', owner: message.from });
      case 'seek':
        return this.#office?.receive(message);
      case 'ping':
      case 'open':
      case 'say':
      case 'leave':
        return this.#toOwner(message);
      case 'opened':
      case 'hear':
      case 'closed':
        if (this.#membership?.owner === message.from) this.#membership.receive(message);
        return;
      case 'claim':
        return message.to === this.id ? this.#options.hear?.(message) : undefined;
      case 'gone':
        return this.#options.changed?.();
      case 'notice':
      case 'claims':
      case 'signed_out':
        return this.#options.hear?.(message);
    }
  }

  #toOwner(message: TabMessage & { readonly to: string }): void {
    if (this.#office?.term === message.to) this.#office.receive(message);
    // Meant for an earlier term of this tab: it thawed, and does not own the connection any more.
    else if (message.to.startsWith(`${this.#options.surroundings.id}.`))
      this.post({ kind: 'retired', from: message.to });
  }

  #pulse(): void {
    const needed = this.#state.kind === 'seeking' || this.#state.kind === 'following';
    if (!needed) {
      this.#cancelPulse?.();
      this.#cancelPulse = null;
      return;
    }
    this.#cancelPulse ??= this.#options.surroundings.environment.after(PULSE_MS, () => {
      this.#cancelPulse = null;
      for (const socket of this.#waiting) socket.hasWaited = true;
      this.#input({ kind: 'pulse' });
    });
  }
}

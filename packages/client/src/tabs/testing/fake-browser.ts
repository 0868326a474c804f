import type { Environment, Socket } from '../../types.ts';
import type { TabChannel, TabSurroundings } from '../surroundings.ts';
import { FakeLocks } from './fake-locks.ts';

type Time = Pick<Environment, 'now' | 'after'>;

interface Channel {
  readonly tab: FakeTab;
  readonly adapter: TabChannel;
  /** When its last message arrives: messages do not overtake each other. */
  last: number;
}

/** Locks and channels of one origin, and its tabs, in virtual time. */
export class FakeBrowser {
  readonly locks = new FakeLocks();
  readonly tabs: FakeTab[] = [];
  readonly #time: Time;
  readonly #delay: () => number;
  readonly #channels = new Map<string, Set<Channel>>();
  /** May lose, on its way to a tab, what this says. */
  loses: (message: unknown) => boolean = () => false;

  /** @param delay milliseconds that a message between tabs takes */
  constructor(time: Time, delay: () => number = () => 1) {
    this.#time = time;
    this.#delay = delay;
  }

  /** Opens a tab whose sockets `open` makes. */
  open(open: Environment['openSocket']): FakeTab {
    const tab = new FakeTab(this, `tab-${this.tabs.length + 1}`, this.#time, open);
    this.tabs.push(tab);
    return tab;
  }

  channel(tab: FakeTab, name: string): TabChannel {
    const peers = this.#channels.get(name) ?? new Set<Channel>();
    this.#channels.set(name, peers);
    const channel: Channel = {
      tab,
      last: 0,
      adapter: {
        post: (message) => {
          const text = JSON.stringify(message);
          for (const peer of peers) if (peer !== channel) this.#carry(peer, peers, text);
        },
        onmessage: null,
        close: () => void peers.delete(channel),
      },
    };
    peers.add(channel);
    return channel.adapter;
  }

  forget(tab: FakeTab): void {
    for (const peers of this.#channels.values())
      for (const channel of [...peers]) if (channel.tab === tab) peers.delete(channel);
    this.locks.release(tab);
  }

  #carry(to: Channel, peers: ReadonlySet<Channel>, text: string): void {
    const { now, after } = this.#time;
    to.last = Math.max(to.last, now() + this.#delay());
    after(to.last - now(), () => {
      const message: unknown = JSON.parse(text);
      if (!peers.has(to) || to.tab.isHidden || this.loses(message)) return;
      to.tab.run(() => to.adapter.onmessage?.(message));
    });
  }
}

/** One tab. Everything that reaches its code does so through {@link FakeTab.run}. */
export class FakeTab {
  readonly id: string;
  readonly #browser: FakeBrowser;
  readonly #time: Time;
  readonly #open: Environment['openSocket'];
  #state: 'running' | 'frozen' | 'hidden' | 'dead' = 'running';
  readonly #waiting: (() => void)[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #listeners = new Set<(event: 'suspend' | 'resume') => void>();

  constructor(browser: FakeBrowser, id: string, time: Time, open: Environment['openSocket']) {
    this.#browser = browser;
    this.id = id;
    this.#time = time;
    this.#open = open;
  }

  get isAlive(): boolean {
    return this.#state !== 'dead';
  }
  get isRunning(): boolean {
    return this.#state === 'running';
  }
  get isHidden(): boolean {
    return this.#state === 'hidden';
  }

  readonly now = (): number => this.#time.now();
  readonly after: Environment['after'] = (ms, fn) => {
    let isCancelled = false;
    const cancel = this.#time.after(ms, () => this.run(() => isCancelled || fn()));
    return () => {
      isCancelled = true;
      cancel();
    };
  };
  /** A socket of this tab's own, whose events wait while the tab is frozen and which dies with it. */
  readonly openSocket: Environment['openSocket'] = (url, protocol) => {
    const real = this.#open(url, protocol);
    this.#sockets.add(real);
    const socket: Socket = {
      send: (text) => this.isAlive && real.send(text),
      close: (code, reason) => {
        this.#sockets.delete(real);
        real.close(code, reason);
      },
      onopen: null,
      onmessage: null,
      onclose: null,
      get buffered() {
        return real.buffered;
      },
    };
    real.onopen = () => this.run(() => socket.onopen?.());
    real.onmessage = (text) => this.run(() => socket.onmessage?.(text));
    real.onclose = (code, reason) => {
      this.#sockets.delete(real);
      this.run(() => socket.onclose?.(code, reason));
    };
    return socket;
  };

  /** Connections that this tab has open. */
  get connections(): number {
    return this.#sockets.size;
  }

  get surroundings(): TabSurroundings {
    return {
      id: this.id,
      locks: this.#browser.locks.of(this),
      openChannel: (name) => this.#browser.channel(this, name),
      page: {
        subscribe: (fn) => {
          this.#listeners.add(fn);
          return () => void this.#listeners.delete(fn);
        },
      },
      environment: { now: this.now, after: this.after, openSocket: this.openSocket },
    };
  }

  /** Runs the tab's code now, or once it runs again. */
  run(fn: () => void): void {
    if (this.#state === 'running') fn();
    else if (this.#state !== 'dead') this.#waiting.push(fn);
  }

  /** Stops without a warning, as when the device sleeps. */
  freeze(): void {
    if (this.#state === 'running') this.#state = 'frozen';
  }

  /** Goes into the cache for "back": told before, and what is broadcast meanwhile is lost to it. */
  hide(): void {
    if (this.#state !== 'running') return;
    for (const listener of this.#listeners) listener('suspend');
    this.#state = 'hidden';
  }

  wake(): void {
    if (this.#state !== 'frozen' && this.#state !== 'hidden') return;
    const wasHidden = this.isHidden;
    this.#state = 'running';
    if (wasHidden) for (const listener of this.#listeners) listener('resume');
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next();
  }

  /** Ends without a word. */
  crash(): void {
    this.#state = 'dead';
    this.#waiting.length = 0;
    this.#browser.forget(this);
    for (const socket of this.#sockets) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1001, '');
    }
    this.#sockets.clear();
  }
}

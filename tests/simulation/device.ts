import {
  type Client,
  type Conversation,
  type ConversationState,
  createClient,
  type KonferencoError,
  memoryOutbox,
  type Message,
  type MessageState,
  type Socket,
} from '@konferenco/client';
import '../../packages/client/src/testing/fetched-parts.ts';
import { type InboxItem, type Item, type LogName, parseLogName, peerOf } from '@konferenco/protocol';
import { ProcessClock, SeededRandom, type VirtualClock } from '@konferenco/testkit';
import { DeviceDisk } from './device-disk.ts';
import { tapped } from './tapped-socket.ts';
import type { Trace } from './trace.ts';

export interface DeviceOptions {
  readonly user: string;
  readonly name: string;
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly trace: Trace;
  /** A socket to some node, as a load balancer would choose it. */
  readonly openSocket: (url: string) => Socket;
  /** Told of what must never happen. */
  readonly broken: (what: string) => void;
}

/** Something a device asked to have stored. */
export interface Sent {
  readonly what: string;
  readonly log: LogName;
  /** Of messages: unique in the whole simulation, and growing for each device. */
  readonly text: string | null;
  /** `orphaned`: the program died before there was an answer; the next one has it in its outbox. */
  state: 'waiting' | 'stored' | 'refused' | 'orphaned';
  id: string;
  offset: number;
  error: string;
}

/** An entry as a `message` event told it. */
export interface Arrival {
  readonly offset: number;
  readonly text: string | null;
}

/** A conversation this device opened. */
export interface Opened {
  readonly conversation: Conversation;
  /** Head of the log when the last `open` resolved; `null` while it has not. */
  headAtOpen: number | null;
  open: boolean;
}

/** People and channels by their ids. */
export interface Watching {
  readonly users: readonly string[];
  readonly channels: readonly string[];
}

/** One device of one person: the real SDK over simulated sockets, and everything it was told. */
export class Device {
  readonly user: string;
  readonly name: string;
  readonly random: SeededRandom;
  readonly sent: Sent[] = [];
  /** What the present program was told, in the order of its telling. */
  arrivals = new Map<LogName, Arrival[]>();
  /** What programs that died were told. */
  readonly toldBefore = new Map<LogName, Arrival[]>();
  opened = new Map<LogName, Opened>();
  readonly #options: DeviceOptions;
  readonly #network = { up: true, changed: () => {} };
  readonly #outbox = memoryOutbox();
  readonly #disk: DeviceDisk;
  #process: ProcessClock;
  #client: Client;
  #socket: Socket | null = null;
  #watched: Watching = { users: [], channels: [] };
  hasRestarted = false;
  #texts = 0;

  constructor(options: DeviceOptions) {
    this.user = options.user;
    this.name = options.name;
    this.#options = options;
    this.random = new SeededRandom(options.seed);
    this.#disk = new DeviceDisk(options.clock, new SeededRandom(options.seed + 1));
    this.#process = new ProcessClock(options.clock);
    this.#client = this.#start();
  }

  /** The program that runs now. */
  get client(): Client {
    return this.#client;
  }

  /** The program dies without a word and starts anew; what its outbox kept is left, and what its store had written. */
  restart(headOf: (log: LogName) => number): void {
    this.note('restart');
    this.hasRestarted = true;
    this.#process.stop();
    if (this.#socket) {
      this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
    }
    void this.#disk.crash();
    for (const sent of this.sent) if (sent.state === 'waiting') sent.state = 'orphaned';
    for (const [log, arrivals] of this.arrivals)
      this.toldBefore.set(log, [...(this.toldBefore.get(log) ?? []), ...arrivals]);
    const open = [...this.opened].flatMap(([log, opened]) => (opened.open ? [log] : []));
    this.arrivals = new Map();
    this.opened = new Map();
    this.#process = new ProcessClock(this.#options.clock);
    this.#client = this.#start();
    this.watch(this.#watched);
    this.connect();
    for (const log of open) this.open(log, headOf);
  }

  #start(): Client {
    const { user, name, openSocket } = this.#options;
    const clock = this.#process;
    const { random } = this;
    const client = createClient({
      url: 'http://simulated.test',
      demoUser: user,
      device_id: name,
      outbox: this.#outbox,
      store: this.#disk.open(),
      environment: {
        now: () => clock.now(),
        after: (ms, fn) => clock.after(ms, fn),
        random: () => random.next(),
        randomBytes: (count) => random.bytes(count),
        fetch: () => Promise.reject(new TypeError('there is no REST in the simulation')),
        openSocket: (url) => {
          this.#socket = tapped(openSocket(url), (what) => this.#broken(what));
          return this.#socket;
        },
        exclusively: (_, fn) => fn(),
        network: {
          online: () => this.#network.up,
          subscribe: (fn) => {
            this.#network.changed = fn;
            return () => {};
          },
        },
      },
    });
    client.on('message', ({ log, item }) => client === this.#client && this.#arrived(log, item));
    client.on('link', (link) => this.note(`link ${link.kind}`));
    client.on('error', ({ error, message }) => this.note(`error ${error} ${message}`));
    return client;
  }

  /** Another program on this device's disk that never connects: what it shows of each conversation, everything loaded. */
  async showKept(logs: readonly LogName[]): Promise<ReadonlyMap<LogName, ConversationState>> {
    const client = createClient({
      url: 'http://simulated.test',
      demoUser: this.user,
      device_id: this.name,
      store: this.#disk.open(),
      environment: { now: () => this.#options.clock.now(), after: () => () => {} },
    });
    await client.restore();
    const shown = new Map<LogName, ConversationState>();
    for (const log of logs) {
      const address = parseLogName(log);
      const conversation =
        address?.kind === 'channel' ? client.channel(address.channel) : client.direct(peerOf(log, this.user) ?? '');
      void conversation.open();
      for (let before = -1; before !== conversation.state().timeline.length; ) {
        before = conversation.state().timeline.length;
        await conversation.loadOlder().catch(() => undefined);
      }
      shown.set(log, conversation.state());
    }
    return shown;
  }

  note(line: string): void {
    this.#options.trace.note(`${this.name} ${line}`);
  }

  connect(): void {
    this.client
      .connect()
      .catch((error: KonferencoError) => error.error !== 'closed' && this.#broken(`connect: ${error.message}`));
  }

  /** Follows whether these people are here, and who is in these channels. */
  watch(watching: Watching): void {
    this.#watched = watching;
    this.client.presence.watch(watching);
  }

  setNetwork(up: boolean): void {
    if (this.#network.up === up) return;
    this.note(up ? 'network up' : 'network down');
    this.#network.up = up;
    this.#network.changed();
  }

  conversation(log: LogName): Conversation {
    const address = parseLogName(log);
    if (address?.kind === 'channel') return this.client.channel(address.channel);
    return this.client.direct(peerOf(log, this.user) ?? '');
  }

  /** Opens a conversation, again and again until it is open: a passing refusal is no reason to give up. */
  open(log: LogName, headOf: (log: LogName) => number): void {
    const known = this.opened.get(log);
    if (known?.open) return;
    const opened = known ?? { conversation: this.conversation(log), headAtOpen: null, open: true };
    opened.open = true;
    opened.headAtOpen = null;
    this.opened.set(log, opened);
    this.note(`open ${log}`);
    opened.conversation.open().then(
      () => {
        if (!opened.open) return;
        opened.headAtOpen = headOf(log);
        this.note(`opened ${log}`);
      },
      (error: KonferencoError) => {
        this.note(`open ${log} refused: ${error.error}`);
        if (error.recourse !== 'later') this.#broken(`open ${log}: ${error.error} ${error.message}`);
        opened.open = false;
        this.#process.after(1_000, () => this.open(log, headOf));
      },
    );
  }

  close(log: LogName): void {
    const opened = this.opened.get(log);
    if (!opened?.open) return;
    this.note(`close ${log}`);
    opened.open = false;
    opened.conversation.close();
  }

  send(log: LogName, mentions: readonly string[] = [], thread?: string): void {
    const text = `${this.name}#${++this.#texts}`;
    const states: MessageState[] = [];
    const onState = (state: MessageState) => {
      if (isStored(states.at(-1)) && !isStored(state)) this.#broken(`${text} went from stored back to ${state}`);
      states.push(state);
    };
    this.#keep({ what: 'send', log, text }, () =>
      this.conversation(log).send(text, { mentions, onState, ...(thread === undefined ? {} : { thread }) }),
    );
  }

  edit(message: Message): void {
    const text = `${this.name}#${++this.#texts}e`;
    this.#keep({ what: `edit @${message.offset}`, log: message.log, text }, () =>
      this.conversation(message.log).edit(message.id, text),
    );
  }

  remove(message: Message): void {
    this.#keep({ what: `delete @${message.offset}`, log: message.log, text: null }, () =>
      this.conversation(message.log).remove(message.id),
    );
  }

  react(message: Message): void {
    const emoji = this.random.pick(['👍', '🎉']);
    const op = this.random.chance(0.7) ? 'add' : 'remove';
    this.#keep({ what: `react ${op} @${message.offset}`, log: message.log, text: null }, () =>
      this.conversation(message.log).react(message.id, emoji, op),
    );
  }

  #keep(
    about: Pick<Sent, 'what' | 'log' | 'text'>,
    call: () => Promise<{ id: string; log: LogName; offset: number }>,
  ): void {
    const sent: Sent = { ...about, state: 'waiting', id: '', offset: 0, error: '' };
    this.sent.push(sent);
    this.note(`${sent.what} ${sent.log} ${sent.text ?? ''}`);
    call().then(
      ({ id, log, offset }) => {
        Object.assign(sent, { state: 'stored', id, offset });
        if (log !== sent.log) this.#broken(`${sent.text} was stored in ${log} instead of ${sent.log}`);
        this.note(`stored ${log} @${offset} ${sent.text ?? sent.what}`);
      },
      (error: KonferencoError) => {
        Object.assign(sent, { state: 'refused', error: error.error });
        this.note(`refused ${sent.text ?? sent.what}: ${error.error}`);
      },
    );
  }

  #arrived(log: LogName, item: Item | InboxItem): void {
    const text = textOf(item);
    this.note(`← ${log} @${item.offset} ${text ?? item.gone ?? item.envelope?.subtype}`);
    const arrivals = this.arrivals.get(log) ?? [];
    const last = arrivals.at(-1)?.offset ?? 0;
    if (arrivals.some(({ offset }) => offset === item.offset)) this.#broken(`told of ${log} @${item.offset} twice`);
    else if (item.offset < last && !this.#isMention(log, item))
      this.#broken(`told of ${log} @${item.offset} after @${last}`);
    arrivals.push({ offset: item.offset, text });
    this.arrivals.set(log, arrivals);
  }

  /** Mentions come by the inbox too, which knows no order with the rest of the channel. */
  #isMention(log: LogName, item: Item | InboxItem): boolean {
    return parseLogName(log)?.kind === 'channel' && 'reason' in item && item.reason === 'mention';
  }

  #broken(what: string): void {
    this.#options.broken(`${this.name}: ${what}`);
  }
}

function isStored(state: MessageState | undefined): boolean {
  return state === 'stored' || state === 'read';
}

function textOf(item: Item | InboxItem): string | null {
  const text = item.envelope?.payload['text'];
  return typeof text === 'string' ? text : null;
}

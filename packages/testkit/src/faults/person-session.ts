import { type Client, type Conversation, createClient, KonferencoError } from '@konferenco/client';
import { channelLog, type LogName } from '@konferenco/protocol';
import { fingerprint, type Recorder } from './recorder.ts';
import type { RecordingOutbox } from './recording-outbox.ts';
import { type TappedFrame, tappedSockets } from './tapped-socket.ts';

export interface PersonSessionOptions {
  readonly session: string;
  readonly user: string;
  /** Base address of a node. */
  readonly url: string;
  /** Outlives the session, as a device's storage does a program. */
  readonly outbox: RecordingOutbox;
  readonly recorder: Recorder;
  /** The client's timers run this many times as fast; 1: as they do for people. */
  readonly haste: number;
}

/** One run of the client program on a person's device: follows channels, and notes everything it is told. */
export class PersonSession {
  readonly client: Client;
  readonly #options: PersonSessionOptions;
  /** Newest offset told of each log. */
  readonly #newest = new Map<LogName, number>();
  /** Where following began, of the channels followed now. */
  readonly #followed = new Map<string, number>();
  readonly #everFollowed = new Set<LogName>();
  /** Where each log stood when the newest subscription to it began. */
  readonly #heads = new Map<LogName, number>();
  readonly #onWire = new Set<string>();
  readonly #notedGaps = new Set<string>();
  #ended = false;

  constructor(options: PersonSessionOptions) {
    const { session, user, url, outbox, recorder, haste } = options;
    this.#options = options;
    recorder.record({ kind: 'session', session, user });
    this.client = createClient({
      url,
      demoUser: user,
      device_id: `${user}-device`,
      outbox,
      environment: {
        openSocket: tappedSockets({
          frame: (seen) => this.#onFrame(seen),
          answer: (answer) => outbox.answered(answer),
        }),
        after: (ms, fn) => {
          const timer = setTimeout(fn, Math.min(ms / haste, 0x7fffffff));
          return () => clearTimeout(timer);
        },
      },
    });
    this.client.on('link', (link) => {
      const words = link.kind === 'online' ? `online by ${link.transport ?? 'websocket'}` : link.kind;
      recorder.record({ kind: 'link', session, link: words });
    });
    this.client.on('message', ({ log, item }) => {
      if (!this.#ended) this.#told(log, item.offset, item.envelope);
    });
  }

  get name(): string {
    return this.#options.session;
  }

  get isOnline(): boolean {
    return this.client.link.kind === 'online';
  }

  /** Resolves at the first connection; never, when the session is ended before. */
  connect(): Promise<void> {
    return this.client.connect();
  }

  /** Follows a channel from where it stands now. @returns false when the person may not, or the session ended. */
  async follow(channel: string): Promise<boolean> {
    const conversation = this.client.channel(channel);
    this.#heads.delete(conversation.log);
    try {
      await conversation.open();
    } catch (error) {
      if (error instanceof KonferencoError) return false;
      throw error;
    }
    if (this.#ended) return false;
    if (this.#followed.has(channel)) return true;
    const wasFollowed = this.#everFollowed.has(conversation.log);
    this.#everFollowed.add(conversation.log);
    // Over a fallback transport nobody hears where following begins again: what follows proves nothing then.
    if (wasFollowed && !this.#heads.has(conversation.log)) return true;
    // What had been said before following began is history and is shown, not told; some of it was told while opening took its time.
    const { log } = conversation;
    const after = Math.max(newestOf(conversation), this.#heads.get(log) ?? 0, this.newest(log));
    this.#followed.set(channel, after);
    this.#options.recorder.record({ kind: 'follow', session: this.#options.session, log, after });
    return true;
  }

  unfollow(channel: string): void {
    if (!this.#followed.delete(channel)) return;
    const conversation = this.client.channel(channel);
    this.#noteGaps(conversation, 1);
    this.#options.recorder.record({ kind: 'unfollow', session: this.#options.session, log: conversation.log });
    conversation.close();
  }

  /** Whether everything up to `head` was told, or named in a gap, of a log this session follows. */
  hasHeard(log: LogName, head: number): boolean {
    if (this.newest(log) >= head) return true;
    const begun = [...this.#followed].find(([channel]) => channelLog(channel) === log)?.[1];
    return begun !== undefined && begun >= head;
  }

  follows(channel: string): boolean {
    return this.#followed.has(channel);
  }

  /** Newest offset told of a log; 0: none. */
  newest(log: LogName): number {
    return this.#newest.get(log) ?? 0;
  }

  /** Direct conversations of which something was told, with the newest offset of each. */
  get directs(): readonly (readonly [LogName, number])[] {
    return [...this.#newest].filter(([log]) => log.startsWith('dm:'));
  }

  /** @param last Connected to the end of the run: it has to have heard everything. */
  async end(last: boolean): Promise<void> {
    for (const channel of this.#followed.keys()) this.#noteGaps(this.client.channel(channel), 1);
    // While it closes it still sends, is told and acknowledges.
    await this.client.close();
    this.#ended = true;
    this.#options.recorder.record({ kind: 'end', session: this.#options.session, last });
  }

  #onFrame(seen: TappedFrame): void {
    if (seen.frame === 'subscribed') return void this.#heads.set(seen.log, seen.to);
    // Live frames are many and their log says all that matters; the others are few.
    const isLive = seen.frame === 'message' || seen.frame === 'inbox';
    if (this.#ended || (isLive && this.#onWire.has(`${seen.frame} ${seen.log}`))) return;
    this.#onWire.add(`${seen.frame} ${seen.log}`);
    const { recorder, session } = this.#options;
    recorder.record({ kind: 'wire', session, ...seen });
  }

  #told(log: LogName, offset: number, envelope: unknown): void {
    const { recorder, session } = this.#options;
    const newest = this.newest(log);
    // A jump is either explained by a gap the person sees now, or it is an error.
    if (newest > 0 && offset > newest + 1 && log.startsWith('ch:')) {
      this.#noteGaps(this.client.channel(log.slice('ch:'.length)), newest);
    }
    this.#newest.set(log, Math.max(newest, offset));
    recorder.told(session, log, [offset, envelope === undefined ? 'gone' : fingerprint(envelope)]);
  }

  #noteGaps(conversation: Conversation, from: number): void {
    const { log } = conversation;
    for (const entry of conversation.state().timeline) {
      if (entry.kind !== 'gap' || entry.to < from) continue;
      const { from: first, to, reason } = entry;
      const key = `${log} ${first} ${to} ${reason}`;
      if (this.#notedGaps.has(key)) continue;
      this.#notedGaps.add(key);
      this.#options.recorder.record({ kind: 'gap', session: this.#options.session, log, from: first, to, reason });
    }
  }
}

function newestOf(conversation: Conversation): number {
  return conversation
    .state()
    .timeline.reduce((newest, entry) => Math.max(newest, (entry.kind === 'gap' ? entry.to : entry.offset) ?? 0), 0);
}

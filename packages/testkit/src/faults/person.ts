import { CLIENT_ERRORS, type Conversation, KonferencoError, type Receipt } from '@konferenco/client';
import { type LogName, parseLogName } from '@konferenco/protocol';
import type { SeededRandom } from '../seeded-random.ts';
import { changeState, EVENT } from './person-operations.ts';
import { PersonSession } from './person-session.ts';
import type { Recorder } from './recorder.ts';
import { RecordingOutbox } from './recording-outbox.ts';

export interface PersonOptions {
  readonly user: string;
  /** Base addresses of the nodes; each session chooses one. */
  readonly urls: readonly string[];
  /** Channels the person follows and writes to. The first is the largest, and gets a tenth of what is said in channels. */
  readonly channels: readonly string[];
  /** Channels the person has no right to, and tries now and then. */
  readonly foreign: readonly string[];
  /** People the person writes to. */
  readonly peers: readonly string[];
  readonly recorder: Recorder;
  readonly random: SeededRandom;
  /** Mean pause between two things done, in milliseconds. */
  readonly pace_ms: number;
  readonly haste: number;
}

/** Messages on their way at one time; a person who has more waits. */
const OUTSTANDING_MAX = 24;
const BURST = 20;

/** Somebody who talks, listens, marks sessions, meets people, closes and opens channels, and starts their program anew. */
export class Person {
  readonly user: string;
  readonly #options: PersonOptions;
  readonly #outbox: RecordingOutbox;
  /** When each unanswered message or operation was handed over (`performance.now()`). */
  readonly #outstanding = new Map<number, number>();
  #session: PersonSession;
  /** Newest offset of each direct conversation that sessions before this one were told of. */
  readonly #heard = new Map<LogName, number>();
  #sessions = 0;
  #said = 0;
  #changed = 0;
  #stopped = Promise.withResolvers<void>();
  #isStopped = false;

  constructor(options: PersonOptions) {
    this.user = options.user;
    this.#options = options;
    this.#outbox = new RecordingOutbox({
      user: options.user,
      recorder: options.recorder,
      began: (op) => this.#outstanding.set(op, performance.now()),
      ended: (op) => this.#outstanding.delete(op),
    });
    this.#session = this.#newSession();
  }

  get session(): PersonSession {
    return this.#session;
  }

  /** Connected, and nothing said before `since` is unanswered. */
  isWell(since: number): boolean {
    return this.#session.isOnline && [...this.#outstanding.values()].every((began) => began > since);
  }

  /** How the person is connected and what is unanswered, in words. */
  describe(): string {
    const { link, waiting } = this.#session.client;
    const oldest = Math.min(...this.#outstanding.values());
    const unanswered =
      this.#outstanding.size === 0
        ? ''
        : `, ${this.#outstanding.size} unanswered for up to ${Math.round((performance.now() - oldest) / 1000)} s, ${waiting} in the outbox`;
    return `${this.user} (${link.kind}${unanswered})`;
  }

  /** Nothing is on its way any more, what earlier sessions left behind included. */
  get isQuiet(): boolean {
    return this.#session.isOnline && this.#session.client.waiting === 0 && this.#outstanding.size === 0;
  }

  /** Whether the person was told of everything up to `head` of a log they follow, in this session or before. */
  hasHeard(log: LogName, head: number): boolean {
    const address = parseLogName(log);
    switch (address?.kind) {
      case 'channel':
        return !this.#session.follows(address.channel) || this.#session.hasHeard(log, head);
      case 'direct':
        return (
          !address.users.includes(this.user) || Math.max(this.#heard.get(log) ?? 0, this.#session.newest(log)) >= head
        );
      default:
        return true;
    }
  }

  /** Connects and follows the person's channels. */
  async arrive(): Promise<void> {
    const session = this.#session;
    await session.connect();
    session.client.programme(EVENT);
    await Promise.all(this.#options.channels.map((channel) => session.follow(channel)));
  }

  /** Does one thing after the other until `stop`. */
  async talk(): Promise<void> {
    const { random, pace_ms } = this.#options;
    while (!this.#isStopped) {
      await Promise.race([Bun.sleep(random.next() * 2 * pace_ms), this.#stopped.promise]);
      if (!this.#isStopped && this.#outstanding.size < OUTSTANDING_MAX) await this.#act();
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopped.resolve();
  }

  async #act(): Promise<void> {
    const { random, channels, peers } = this.#options;
    const wish = random.next();
    if (wish < 0.02) return this.#say(this.#session.client.channel(this.#room()), BURST);
    if (wish < 0.06) return void this.#reopen(random.pick(channels));
    if (wish < 0.08) return this.#restart();
    if (wish < 0.09) return void this.#intrude();
    if (wish < 0.24) return changeState(this.#session.client, { random, peers, number: ++this.#changed });
    this.#say(this.#place(), random.chance(0.3) ? random.int(2, 3) : 1);
  }

  #place(): Conversation {
    const { random, peers } = this.#options;
    const { client } = this.#session;
    return random.chance(0.5) ? client.channel(this.#room()) : client.direct(random.pick(peers));
  }

  #room(): string {
    const { random, channels } = this.#options;
    const [largest = '', ...others] = channels;
    return others.length === 0 || random.chance(0.1) ? largest : random.pick(others);
  }

  /** Several at a time: the later must not overtake the earlier. */
  #say(place: Conversation, count: number): void {
    const { random } = this.#options;
    for (let i = 0; i < count; i++) {
      const text = `${this.user} ${++this.#said}${random.chance(0.05) ? ` ${'~'.repeat(random.int(100, 3_000))}` : ''}`;
      const answer = place.send(text);
      const op = this.#outbox.taken();
      // Never handed to the outbox: refused before it was an operation.
      if (op === null) answer.catch(() => undefined);
      else void this.#await(op, answer);
    }
  }

  async #await(op: number, answer: Promise<Receipt>): Promise<void> {
    const { recorder } = this.#options;
    this.#outstanding.set(op, performance.now());
    try {
      const { log, offset } = await answer;
      recorder.record({ kind: 'ok', op, log, offset });
    } catch (error) {
      const { code, error: name } = error instanceof KonferencoError ? error : { code: 0, error: String(error) };
      const isServers = code >= 1000 && !(name in CLIENT_ERRORS);
      if (isServers) recorder.record({ kind: 'refused', op, code, error: name });
      else recorder.record({ kind: 'unknown', op, why: name });
    } finally {
      this.#outstanding.delete(op);
    }
  }

  async #reopen(channel: string): Promise<void> {
    const session = this.#session;
    session.unfollow(channel);
    await session.follow(channel);
  }

  /** The program ends, perhaps with messages unsent, and is started again on the same device. */
  async #restart(): Promise<void> {
    const { session } = this;
    await session.end(false);
    for (const [log, offset] of session.directs) this.#heard.set(log, Math.max(this.#heard.get(log) ?? 0, offset));
    this.#session = this.#newSession();
    await Promise.race([this.arrive(), this.#stopped.promise]);
  }

  async #intrude(): Promise<void> {
    const { random, foreign } = this.#options;
    if (foreign.length === 0) return;
    const channel = random.pick(foreign);
    // Were it granted, what comes on the wire is in the history, and the checker says so.
    if (await this.#session.follow(channel)) this.#session.unfollow(channel);
  }

  #newSession(): PersonSession {
    const { user, urls, recorder, random, haste } = this.#options;
    const session = `${user}/${++this.#sessions}`;
    return new PersonSession({ session, user, url: random.pick(urls), outbox: this.#outbox, recorder, haste });
  }
}

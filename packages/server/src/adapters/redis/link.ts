import type { Clock } from '@konferenco/core';
import type { Cluster, Redis } from 'ioredis';
import { RedisUnavailableError } from './errors.ts';
import { type Commands, SCRIPTS } from './scripts.ts';

/** What metrics and the console show. */
export interface RedisStats {
  readonly connected: boolean;
  /** Milliseconds of the last answered question; `null` while there is none. */
  readonly rtt_ms: number | null;
  readonly commands: number;
  /** Commands that were not answered, or answered with an error, or not even sent. */
  readonly failures: number;
  /** Times it came back after it was away. */
  readonly returns: number;
}

/** How often it is asked whether it answers, and how long an answer may take. */
const PING_MS = 1_000;
/** Unanswered questions in a row after which the connection is made anew: its other end may be gone without a word. */
const MOST_SILENT = 5;
/** Commands that may wait for their answers. */
const MOST_WAITING = 20_000;

/** The connection to Redis that everything of this node shares. Outages never throw here: commands reject, at once while it is away. */
export class RedisLink {
  readonly #client: Redis | Cluster;
  readonly #commandsOf: Commands;
  readonly #clock: Clock;
  readonly #returned = new Set<() => void>();
  #isReady: boolean;
  #silent = 0;
  #waiting = 0;
  #rtt_ms: number | null = null;
  #commands = 0;
  #failures = 0;
  #returns = 0;
  #cancel: () => void = () => {};
  #isClosed = false;

  /** `client` is connected. */
  constructor(client: Redis | Cluster, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    for (const [name, script] of Object.entries(SCRIPTS)) client.defineCommand(name, script);
    this.#commandsOf = client as unknown as Commands;
    this.#isReady = client.status === 'ready';
    client.on('ready', () => this.#come());
    client.on('close', () => {
      this.#isReady = false;
    });
    if ('nodes' in client) client.on('+node', () => this.#tellReturned());
    this.#planPing();
  }

  /** Whether it is connected and answered lately. */
  get available(): boolean {
    return this.#isReady && this.#silent === 0 && this.#waiting < MOST_WAITING;
  }

  stats(): RedisStats {
    const connected = this.#isReady && this.#silent === 0;
    const [commands, failures, returns] = [this.#commands, this.#failures, this.#returns];
    return { connected, rtt_ms: connected ? this.#rtt_ms : null, commands, failures, returns };
  }

  /**
   * Sends a command. Commands of one turn of the event loop go out together.
   *
   * @throws {RedisUnavailableError} at once while it is away; within two seconds when it does not answer.
   */
  async run<T>(command: (commands: Commands) => Promise<T>): Promise<T> {
    this.#commands++;
    if (!this.available) {
      this.#failures++;
      throw new RedisUnavailableError('Redis is away');
    }
    this.#waiting++;
    try {
      return await command(this.#commandsOf);
    } catch (error) {
      this.#failures++;
      throw new RedisUnavailableError('Redis did not answer', { cause: error });
    } finally {
      this.#waiting--;
    }
  }

  /** Calls `fn` each time it answers again after it was away, perhaps without what it had. Returns what ends that. */
  onReturn(fn: () => void): () => void {
    this.#returned.add(fn);
    return () => this.#returned.delete(fn);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isReady = false;
    this.#cancel();
    this.#returned.clear();
    this.#client.disconnect();
  }

  #come(): void {
    this.#isReady = true;
    this.#silent = 0;
    this.#tellReturned();
  }

  #tellReturned(): void {
    this.#returns++;
    for (const fn of this.#returned) fn();
  }

  #planPing(): void {
    this.#cancel = this.#clock.after(PING_MS, () => {
      void this.#ping().then(() => {
        if (!this.#isClosed) this.#planPing();
      });
    });
  }

  async #ping(): Promise<void> {
    if (!this.#isReady) return;
    const start = performance.now();
    try {
      await this.#commandsOf.ping();
      this.#rtt_ms = performance.now() - start;
      if (this.#silent > 0) this.#come();
    } catch {
      // Not answered in time, or the connection closed meanwhile, which its own event tells.
      if (!this.#isReady) return;
      this.#silent++;
      if (this.#silent % MOST_SILENT === 0) this.#client.disconnect(true);
    }
  }
}

import { type Client, createClient, type Link, type Receipt } from '@konferenco/client';
import type { LogName } from '@konferenco/protocol';
import type { SeededRandom } from '@konferenco/testkit';

export interface Heard {
  readonly id: string;
  readonly offset: number;
}

export interface TalkerOptions {
  readonly name: string;
  readonly port: number;
  readonly channels: readonly string[];
  /** Pauses of the client are so many times shorter than they are for people. */
  readonly haste: number;
  /** The longest pause between two things said. */
  readonly pause_ms: number;
}

/** One person at their own SDK client, who talks all the time and notes what they hear. */
export class Talker {
  readonly name: string;
  readonly client: Client;
  readonly receipts: Receipt[] = [];
  readonly failures: unknown[] = [];
  readonly heard = new Map<LogName, Heard[]>();
  readonly #channels: readonly string[];
  readonly #pause_ms: number;
  #isTalking = true;
  #said = 0;

  constructor({ name, port, channels, haste, pause_ms }: TalkerOptions) {
    this.name = name;
    this.#pause_ms = pause_ms;
    this.#channels = channels;
    this.client = createClient({
      url: `http://127.0.0.1:${port}`,
      demoUser: name,
      device_id: `${name}-device`,
      environment: {
        after: (ms, fn) => {
          const timer = setTimeout(fn, ms / haste);
          return () => clearTimeout(timer);
        },
      },
    });
    this.client.on('message', ({ log, item }) => {
      const heard = this.heard.get(log) ?? [];
      this.heard.set(log, heard);
      heard.push({ id: item.envelope?.id ?? 'gone', offset: item.offset });
    });
  }

  /** How it is connected; `null` while it is not. */
  get transport(): 'websocket' | 'sse' | 'poll' | null {
    return transportOf(this.client.link);
  }

  async arrive(): Promise<void> {
    await this.client.connect();
    await Promise.all(this.#channels.map((channel) => this.client.channel(channel).open()));
  }

  /** Says one thing after the other until told to stop; `others` are told things too. */
  async talk(random: SeededRandom, others: readonly string[]): Promise<void> {
    while (this.#isTalking) {
      const place = random.chance(0.7)
        ? this.client.channel(random.pick(this.#channels))
        : this.client.direct(random.pick(others));
      // Two at a time: the second must not overtake the first.
      const both = [0, 1].map(() => place.send(`${this.name} ${this.#said++}`));
      await Promise.all(
        both.map((one) =>
          one.then(
            (receipt) => this.receipts.push(receipt),
            (error) => this.failures.push(error),
          ),
        ),
      );
      await Bun.sleep(random.int(20, this.#pause_ms));
    }
  }

  stopTalking(): void {
    this.#isTalking = false;
  }
}

function transportOf(link: Link): 'websocket' | 'sse' | 'poll' | null {
  return link.kind === 'online' ? (link.transport ?? 'websocket') : null;
}

import type { ConversationInfo, LogName } from '@konferenco/protocol';
import type { LogConversation } from './conversation.ts';
import { asError, type KonferencoError } from './errors.ts';
import { Signal } from './events.ts';
import { readSaid } from './said.ts';
import type { ConversationList, ConversationSummary, Environment, Rest } from './types.ts';

/** Refreshes that nobody waits for are spread over this time, so that a change heard by thousands is not asked for by thousands at once. */
export const REFRESH_SPREAD_MS = 2_000;
/** Pages of the list fetched at most. */
const PAGES_MAX = 20;

export interface ConversationListOptions {
  readonly rest: Rest;
  readonly environment: Pick<Environment, 'after' | 'random'>;
  readonly conversation: (log: LogName) => LogConversation;
  /** A refresh that nobody waited for failed. */
  readonly failed: (error: KonferencoError) => void;
}

/** Joined channels and people, newest first; unread counts come from the conversations themselves. */
export class RestConversationList implements ConversationList {
  readonly #options: ConversationListOptions;
  readonly #changes = new Signal();
  #infos: readonly ConversationInfo[] = [];
  #state: ReturnType<ConversationList['state']> | null = null;
  #refreshing: Promise<void> | null = null;
  #cancelPlanned: (() => void) | null = null;
  readonly #ends = new Map<LogName, () => void>();

  constructor(options: ConversationListOptions) {
    this.#options = options;
  }

  state(): ReturnType<ConversationList['state']> {
    this.#state ??= {
      items: this.#infos.map((info) => this.#summary(info)).sort((a, b) => (b.preview?.at ?? 0) - (a.preview?.at ?? 0)),
      loading: this.#refreshing !== null,
    };
    return this.#state;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  has(log: LogName): boolean {
    return this.#ends.has(log);
  }

  refresh(): Promise<void> {
    this.#cancelPlanned?.();
    this.#cancelPlanned = null;
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
      this.#changed();
    });
    this.#changed();
    return this.#refreshing;
  }

  /** Refreshes at a moment of its own within `spread_ms`; several wishes become one. */
  plan(spread_ms: number): void {
    const { environment, failed } = this.#options;
    this.#cancelPlanned ??= environment.after(Math.floor(environment.random() * spread_ms), () => {
      this.refresh().catch((thrown: unknown) => failed(asError(thrown)));
    });
  }

  /** Gives up a planned refresh: there is no connection to refresh for. */
  lost(): void {
    this.#cancelPlanned?.();
    this.#cancelPlanned = null;
  }

  clear(): void {
    this.lost();
    this.#take([]);
  }

  async #refresh(): Promise<void> {
    const infos: ConversationInfo[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const page = await this.#options.rest('conversations', {
        query: { limit: 100, ...(after === undefined ? {} : { after }) },
      });
      infos.push(...page.items);
      after = page.next;
      if (after === undefined) break;
    }
    this.#take(infos);
  }

  #take(infos: readonly ConversationInfo[]): void {
    const present = new Set(infos.map(({ log }) => log));
    for (const [log, end] of this.#ends) {
      if (present.has(log)) continue;
      end();
      this.#ends.delete(log);
      this.#options.conversation(log).unlist();
    }
    this.#infos = infos;
    for (const info of infos) {
      const conversation = this.#options.conversation(info.log);
      conversation.adopt(info);
      if (!this.#ends.has(info.log))
        this.#ends.set(
          info.log,
          conversation.subscribe(() => this.#changed()),
        );
    }
    this.#changed();
  }

  #summary(info: ConversationInfo): ConversationSummary {
    const conversation = this.#options.conversation(info.log);
    const { unread, mentions, read, peer_read } = conversation.state();
    return {
      ...info,
      read,
      ...(info.peer_read === undefined ? {} : { peer_read }),
      unread,
      mentions,
      preview: preview(info, conversation),
    };
  }

  #changed(): void {
    this.#state = null;
    this.#changes.emit();
  }
}

function preview({ last }: ConversationInfo, conversation: LogConversation): ConversationSummary['preview'] {
  const newest = conversation.newest();
  if (newest) {
    const { sender, text, timestamp } = newest.message;
    return { sender, text, timestamp, at: newest.at };
  }
  const said = last?.envelope ? readSaid(last.envelope) : null;
  return last?.envelope && said?.kind === 'text'
    ? { sender: last.envelope.from.user_id, text: said.text, timestamp: last.envelope.timestamp, at: last.at }
    : null;
}

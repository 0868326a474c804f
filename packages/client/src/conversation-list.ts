import { type ConversationInfo, channelLog, type LogName } from '@konferenco/protocol';
import type { LogConversation } from './conversation.ts';
import { asError, type KonferencoError } from './errors.ts';
import { Signal } from './events.ts';
import type { Keeper } from './kept/keeper.ts';
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
  readonly keeper: Pick<Keeper, 'kept'>;
  /** A refresh that nobody waited for failed. */
  readonly failed: (error: KonferencoError) => void;
}

/** Joined channels and people, newest first; unread counts come from the conversations themselves. */
export class RestConversationList implements ConversationList {
  readonly #options: ConversationListOptions;
  readonly #changes = new Signal();
  #infos: readonly ConversationInfo[] = [];
  /** Channels joined (true) or left here that the server's list does not show so yet. */
  #expected: ReadonlyMap<LogName, boolean> = new Map();
  #state: ReturnType<ConversationList['state']> | null = null;
  #refreshing: Promise<void> | null = null;
  #cancelPlanned: (() => void) | null = null;
  readonly #ends = new Map<LogName, () => void>();

  constructor(options: ConversationListOptions) {
    this.#options = options;
  }

  state(): ReturnType<ConversationList['state']> {
    this.#state ??= {
      items: expectedOf(this.#infos, this.#expected)
        .map((info) => this.#summary(info))
        .sort((a, b) => (b.preview?.at ?? 0) - (a.preview?.at ?? 0)),
      loading: this.#refreshing !== null,
    };
    return this.#state;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  /** Channels joined as this device knows it, and those of which the joining or leaving waits to be sent. */
  expect(joined: readonly string[], waiting: ReadonlySet<string>): void {
    const expected = new Map<LogName, boolean>();
    for (const channel of waiting) expected.set(channelLog(channel), joined.includes(channel));
    // What was sent meanwhile stands until the server's list says it; what was refused is over.
    for (const [log, on] of this.#expected) if (joined.includes(log.slice('ch:'.length)) === on) expected.set(log, on);
    if (sameEntries(expected, this.#expected)) return;
    this.#expected = expected;
    this.#changed();
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

  /** The list as this device kept it; resolves when what is unread is counted. */
  async restore(infos: readonly ConversationInfo[]): Promise<void> {
    this.#take(infos);
    await Promise.all(infos.map(({ log }) => this.#options.conversation(log).preload()));
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
    this.#options.keeper.kept.keepInfos(infos);
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
    this.#expected = new Map([...this.#expected].filter(([log, on]) => present.has(log) !== on));
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

/** The list with what was joined and without what was left here. */
function expectedOf(
  infos: readonly ConversationInfo[],
  expected: ReadonlyMap<LogName, boolean>,
): readonly ConversationInfo[] {
  const joined = [...expected].filter(([log, on]) => on && infos.every((info) => info.log !== log));
  return [
    ...infos.filter(({ log }) => expected.get(log) !== false),
    ...joined.map(([log]): ConversationInfo => ({ log, state: { first: 0, head: 0 }, read: 0, muted: false })),
  ];
}

function sameEntries<K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function preview({ last }: ConversationInfo, conversation: LogConversation): ConversationSummary['preview'] {
  const newest = conversation.newest();
  if (newest) {
    const { sender, text, timestamp, offset, state, error } = newest.message;
    return { sender, text, timestamp, at: newest.at, ...(offset === null && { state, ...(error && { error }) }) };
  }
  const said = last?.envelope ? readSaid(last.envelope) : null;
  return last?.envelope && said?.kind === 'text'
    ? { sender: last.envelope.from.user_id, text: said.text, timestamp: last.envelope.timestamp, at: last.at }
    : null;
}

import type { Envelope, LogName } from '@konferenco/protocol';
import type { LogKeeping } from './kept/keeping.ts';
import type { Outbox, OutboxNews } from './outbox.ts';
import type { Replica } from './replica.ts';
import { StateWatchers } from './state-watchers.ts';
import type { MessageState, OutboxEntry, Receipt } from './types.ts';

export interface OwnMessagesOptions {
  readonly log: LogName;
  readonly outbox: Outbox;
  readonly replica: Replica;
  readonly kept: () => LogKeeping;
  readonly changed: () => void;
}

/** What I say in one conversation, from writing to being read: kept in the replica, told to who sent it. */
export class OwnMessages {
  readonly #options: OwnMessagesOptions;
  readonly #watchers = new StateWatchers();
  /** Refused, and kept so that they may be tried again. */
  readonly #failed = new Map<string, OutboxEntry>();

  constructor(options: OwnMessagesOptions) {
    this.#options = options;
    for (const { entry, state, error } of options.outbox.of(options.log)) {
      options.replica.draft(JSON.parse(entry.envelope) as Envelope, state, error);
    }
  }

  send(envelope: Envelope, onState?: (state: MessageState) => void): Promise<Receipt> {
    if (onState) this.#watchers.add(envelope.id, onState);
    return this.#options.outbox.add({ log: this.#options.log, envelope });
  }

  retry(id: string): void {
    const entry = this.#failed.get(id);
    if (!entry) return;
    this.#options.outbox.again(entry);
    this.#failed.delete(id);
  }

  discard(id: string): void {
    if (!this.#failed.delete(id)) return this.#options.outbox.discard(id);
    this.#drop(id);
    this.#options.changed();
  }

  /** What became of a message. */
  news(news: OutboxNews): void {
    const { replica } = this.#options;
    const { entry } = news;
    const envelope = JSON.parse(entry.envelope) as Envelope;
    switch (news.kind) {
      case 'saving':
        replica.draft(envelope, 'saving');
        break;
      case 'queued':
        replica.draft(envelope, 'queued', news.error);
        break;
      case 'sent':
        replica.draft(envelope, 'sent');
        break;
      case 'failed':
        replica.draft(envelope, 'failed', news.error);
        // A refused correction is taken back; only a message stays to be tried again.
        if (replica.message(entry.id)) this.#failed.set(entry.id, entry);
        break;
      case 'stored':
        replica.insert([{ offset: news.reply.offset, at: news.reply.at, envelope }]);
        // Before the outbox forgets it: it is always in one of the two.
        this.#options.kept().put([{ offset: news.reply.offset, at: news.reply.at, envelope }]);
        break;
      case 'renamed':
        replica.dropDraft(news.was);
        replica.draft(envelope, 'queued');
        this.#watchers.rename(news.was, entry.id);
        break;
      case 'dropped':
        this.#drop(entry.id);
        break;
    }
    this.#options.changed();
  }

  /** Something changed: tells who waits for a message's state. */
  tell(): void {
    this.#watchers.check((id) => this.#options.replica.message(id)?.state);
  }

  #drop(id: string): void {
    this.#options.replica.dropDraft(id);
    this.#watchers.remove(id);
  }
}

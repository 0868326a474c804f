import type { Envelope, LogName } from '@konferenco/protocol';
import type { Composer } from './composer.ts';
import { clientError, KonferencoError } from './errors.ts';
import type { LogKeeping } from './kept/keeping.ts';
import type { OutboxNews } from './outbox-news.ts';
import type { Outbox } from './outbox.ts';
import { payloadOf, saying, type Words } from './outbox-entry.ts';
import type { Replica } from './replica.ts';
import { readSaid } from './said.ts';
import { StateWatchers } from './state-watchers.ts';
import type { MessageState, OutboxEntry, Receipt, SendError } from './types.ts';

export interface OwnMessagesOptions {
  readonly log: LogName;
  readonly outbox: Outbox;
  readonly replica: Replica;
  readonly composer: Pick<Composer, 'chat'>;
  /** Asks the program of this device that is to send a message to change its words; false when none is. */
  readonly rewordElsewhere: (log: LogName, id: string, words: Words) => boolean;
  readonly kept: () => LogKeeping;
  readonly changed: () => void;
  /** A failure that no call is waiting for. */
  readonly failed: (error: KonferencoError) => void;
}

/** What I say in one conversation, from writing to being read: kept in the replica, told to who sent it. */
export class OwnMessages {
  readonly #options: OwnMessagesOptions;
  readonly #watchers = new StateWatchers();
  /** Refused, and kept so that they may be tried again. */
  readonly #failed = new Map<string, OutboxEntry>();
  /** Edits of messages that wait: done when the message is stored. */
  readonly #reworded = new Map<string, PromiseWithResolvers<Receipt>>();

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

  /**
   * Changes what a message says: while no connection was given it, in the outbox; otherwise, as the server may have it, by
   * an edit that leaves after it.
   */
  edit(id: string, words: Words): Promise<Receipt> {
    const { log, outbox, replica, rewordElsewhere } = this.#options;
    const message = replica.message(id);
    if (!message || message.state === 'failed') return Promise.reject(clientError('unknown_message'));
    const isChanged =
      message.offset === null &&
      (outbox.reword(id, (envelope) => saying(envelope, words)) ||
        (outbox.of(log).every(({ entry }) => entry.id !== id) && rewordElsewhere(log, id, words)));
    if (!isChanged) return this.correct('edit', { target: id, ...payloadOf(words) });
    const reworded = this.#reworded.get(id) ?? Promise.withResolvers<Receipt>();
    this.#reworded.set(id, reworded);
    return reworded.promise;
  }

  correct(subtype: 'edit' | 'delete' | 'reaction', payload: Record<string, unknown>): Promise<Receipt> {
    const { log, composer } = this.#options;
    return this.send(composer.chat(log, subtype, payload));
  }

  retry(id: string): void {
    const entry = this.#failed.get(id);
    if (!entry) return;
    this.#options.outbox.again(entry);
    this.#failed.delete(id);
  }

  /** With the edits that wait behind it. */
  discard(id: string): void {
    const { log, outbox } = this.#options;
    for (const { entry } of outbox.of(log)) if (targetOf(entry) === id) outbox.discard(entry.id);
    if (!this.#failed.delete(id)) return void outbox.discard(id);
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
        this.#refused(entry, envelope, news.error);
        break;
      case 'stored':
        replica.insert([{ offset: news.reply.offset, at: news.reply.at, envelope }]);
        // Before the outbox forgets it: it is always in one of the two.
        this.#options.kept().put([{ offset: news.reply.offset, at: news.reply.at, envelope }]);
        this.#edited(entry.id, { id: entry.id, log: news.reply.log, offset: news.reply.offset });
        break;
      case 'renamed':
        replica.dropDraft(news.was);
        replica.draft(envelope, 'queued');
        this.#watchers.rename(news.was, entry.id);
        this.#renamed(news.was, entry.id);
        break;
      case 'dropped':
        this.#drop(entry.id);
        this.#edited(entry.id, clientError('discarded'));
        break;
    }
    this.#options.changed();
  }

  /** Something changed: tells who waits for a message's state. */
  tell(): void {
    this.#watchers.check((id) => this.#options.replica.message(id)?.state);
  }

  #refused(entry: OutboxEntry, envelope: Envelope, error: SendError): void {
    const { replica, failed } = this.#options;
    const said = readSaid(envelope);
    if (error.error === 'id_reused' && said?.kind === 'text') {
      // Another program of this device sent it before its words were changed: the server has the earlier ones.
      replica.dropDraft(entry.id);
      const edit = this.correct('edit', { target: entry.id, ...payloadOf(said) });
      if (!this.#edited(entry.id, edit)) edit.catch(failed);
      return;
    }
    replica.draft(envelope, 'failed', error);
    // A refused correction is taken back; only a message stays to be tried again, with the words of a later edit.
    const target = said?.kind === 'edit' ? this.#failed.get(said.target) : undefined;
    if (target && said?.kind === 'edit') {
      const changed = saying(JSON.parse(target.envelope) as Envelope, said);
      this.#failed.set(target.id, { ...target, envelope: JSON.stringify(changed) });
      replica.draft(changed, 'failed', replica.message(target.id)?.error);
    } else if (replica.message(entry.id)) this.#failed.set(entry.id, entry);
    this.#edited(entry.id, new KonferencoError(error));
  }

  /** Settles the edits of a message that waited. False when there is none. */
  #edited(id: string, outcome: Receipt | Promise<Receipt> | KonferencoError): boolean {
    const reworded = this.#reworded.get(id);
    this.#reworded.delete(id);
    if (outcome instanceof KonferencoError) reworded?.reject(outcome);
    else reworded?.resolve(outcome);
    return reworded !== undefined;
  }

  #renamed(was: string, id: string): void {
    const reworded = this.#reworded.get(was);
    this.#reworded.delete(was);
    if (reworded) this.#reworded.set(id, reworded);
  }

  #drop(id: string): void {
    this.#options.replica.dropDraft(id);
    this.#watchers.remove(id);
  }
}

/** The message that a waiting entry edits; `null`: it is no edit. */
function targetOf({ envelope }: OutboxEntry): string | null {
  const said = readSaid(JSON.parse(envelope) as Envelope);
  return said?.kind === 'edit' ? said.target : null;
}

import { type Attachment, type Envelope, type LogName, parseLogName, peerOf } from '@konferenco/protocol';
import type { Written } from './types.ts';

export interface ComposerOptions {
  readonly newId: () => string;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  readonly me: () => string;
  /** On which device. */
  readonly identity: { readonly device: string | undefined };
}

export interface Text {
  readonly text: string;
  readonly mentions?: readonly string[] | undefined;
  readonly reply_to?: string | undefined;
  readonly thread?: string | undefined;
  /** The last entry of the log known here. */
  readonly after?: number | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
}

type ChatSubtype =
  | 'channel_message'
  | 'direct_message'
  | 'thread_reply'
  | 'edit'
  | 'delete'
  | 'reaction'
  | 'read'
  | 'typing';

/** Writes the envelopes of one person on one device. */
export class Composer {
  readonly #options: ComposerOptions;

  constructor(options: ComposerOptions) {
    this.#options = options;
  }

  text(log: LogName, { text, mentions, reply_to, thread, after, attachments }: Text): Envelope {
    const named = {
      ...(mentions && mentions.length > 0 ? { mentions: [...mentions] } : {}),
      ...(after === undefined ? {} : { after }),
      ...(attachments && attachments.length > 0 ? { attachments: [...attachments] } : {}),
    };
    if (thread !== undefined) return this.chat(log, 'thread_reply', { text, thread, ...named });
    const subtype = parseLogName(log)?.kind === 'direct' ? 'direct_message' : 'channel_message';
    return this.chat(log, subtype, { text, ...named, ...(reply_to === undefined ? {} : { reply_to }) });
  }

  /** The place of a message written now by somebody who has seen the log up to `after`; 0: nothing of it. */
  written(after: number): Written {
    const { newId, now } = this.#options;
    return { id: newId(), timestamp: now(), ...(after ? { after } : {}) };
  }

  chat(log: LogName, subtype: ChatSubtype, payload: Record<string, unknown>): Envelope {
    return this.envelope({ type: 'chat', subtype, to: this.#recipient(log), payload });
  }

  envelope({ type, subtype, to, payload }: Pick<Envelope, 'type' | 'subtype' | 'to' | 'payload'>): Envelope {
    const { newId, now, me, identity } = this.#options;
    const device_id = identity.device;
    return {
      id: newId(),
      type,
      subtype,
      from: { user_id: me(), ...(device_id === undefined ? {} : { device_id }) },
      to,
      payload,
      timestamp: now(),
    };
  }

  #recipient(log: LogName): Envelope['to'] {
    const address = parseLogName(log);
    switch (address?.kind) {
      case 'channel':
        return { type: 'channel', id: address.channel };
      case 'direct':
        return { type: 'user', id: peerOf(log, this.#options.me()) ?? address.users[0] };
      case 'event':
        return { type: 'broadcast', id: address.event };
      case 'personal':
      case 'inbox':
      case undefined:
        throw new TypeError(`nothing can be said to ${log}`);
    }
  }
}

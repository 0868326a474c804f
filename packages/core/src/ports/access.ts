import type { Envelope, ErrorName, LogName } from '@konferenco/protocol';

/** `'ok'`, or the name of the reply error that says why not. */
export type Decision = 'ok' | ErrorName;

/**
 * The one place every read and write is checked. Answers at once when what it needs is cached, so that the hot path
 * does not wait; a promise otherwise.
 */
export interface Access {
  mayRead(user: string, log: LogName): Decision | Promise<Decision>;
  /** Covers membership, role, announce-only channels, blocks, bans and who may send which type. */
  mayPublish(user: string, envelope: Envelope): Decision | Promise<Decision>;
  /** True when `user` may remove or edit away others' messages in `log`. */
  mayModerate(user: string, log: LogName): boolean | Promise<boolean>;
  /** True when either of the two blocked the other. */
  blocked(a: string, b: string): boolean | Promise<boolean>;
}

import { type Recourse, recourseOf } from '@konferenco/protocol';
import type { KonferencoErrorLike } from './types.ts';

/**
 * Errors that arise in the client itself. Their numbers end in 900–999 of the range whose meaning they share, so
 * that `recourse` is right for them too.
 */
export const CLIENT_ERRORS = {
  expired: { code: 1900, text: 'The message waited too long in the outbox.' },
  discarded: { code: 1901, text: 'The message was discarded before it was sent.' },
  closed: { code: 1902, text: 'The client was closed.' },
  unknown_message: { code: 1903, text: 'There is no such message here.' },
  not_signed_in: { code: 2900, text: 'Sign in first.' },
  outbox_full: { code: 3900, text: 'Too many messages are waiting to be sent.' },
  disconnected: { code: 3901, text: 'The connection was lost before the answer came.' },
  timeout: { code: 3902, text: 'The server did not answer in time.' },
  network: { code: 3903, text: 'The server cannot be reached.' },
  storage: { code: 3904, text: 'This device could not keep what it was given.' },
} as const;

export type ClientErrorName = keyof typeof CLIENT_ERRORS;

/** A refusal by the server or a failure here. `recourse` says what to do about it, also for codes not known yet. */
export class KonferencoError extends Error implements KonferencoErrorLike {
  override readonly name = 'KonferencoError';
  readonly code: number;
  /** The code's name in the registry. */
  readonly error: string;
  /** Milliseconds after which a repeat makes sense. */
  readonly retry_after_ms?: number;

  constructor(like: KonferencoErrorLike, options?: ErrorOptions) {
    super(like.message, options);
    this.code = like.code;
    this.error = like.error;
    if (like.retry_after_ms !== undefined) this.retry_after_ms = like.retry_after_ms;
  }

  get recourse(): Recourse {
    return recourseOf(this.code);
  }
}

export function clientError(name: ClientErrorName, cause?: unknown): KonferencoError {
  const { code, text } = CLIENT_ERRORS[name];
  return new KonferencoError({ code, error: name, message: text }, cause === undefined ? undefined : { cause });
}

/** Whatever was thrown, as a {@link KonferencoError}. */
export function asError(thrown: unknown): KonferencoError {
  if (thrown instanceof KonferencoError) return thrown;
  return new KonferencoError(
    { ...CLIENT_ERRORS.network, error: 'network', message: thrown instanceof Error ? thrown.message : String(thrown) },
    { cause: thrown },
  );
}

/** True for a refusal of the credentials themselves (2000–2099), which only a new sign-in helps. */
export function endsSession(error: KonferencoError): boolean {
  return error.code >= 2000 && error.code < 2100;
}

import { type ERROR_CODES, type Recourse, recourseOf } from '@konferenco/protocol';
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

/** The registry's errors that arise here too, with its numbers and words, so that the rest of it reaches no bundle. */
const SERVER_ERRORS: Pick<
  typeof ERROR_CODES,
  | 'invalid'
  | 'too_large'
  | 'not_found'
  | 'conflict'
  | 'clock_ahead'
  | 'unauthenticated'
  | 'forbidden'
  | 'rate_limited'
  | 'overloaded'
  | 'internal'
> = {
  invalid: { code: 1001, text: 'A field is missing or has the wrong form.' },
  too_large: { code: 1002, text: 'The payload or frame is larger than its type allows.' },
  not_found: { code: 1004, text: 'There is no such conversation, message or user.' },
  conflict: { code: 1008, text: 'It changed meanwhile: read it again and decide anew.' },
  clock_ahead: {
    code: 1011,
    text: "This device's clock is ahead of the server's: stamp it anew by the server's time.",
  },
  unauthenticated: { code: 2000, text: 'Sign in first.' },
  forbidden: { code: 2100, text: 'You do not have permission to do this.' },
  rate_limited: { code: 3000, text: 'Too many messages: try again after the time given.' },
  overloaded: { code: 3001, text: 'The server has too much to do at the moment.' },
  internal: { code: 4000, text: 'The server failed to answer.' },
};

export type ServerErrorName = keyof typeof SERVER_ERRORS;

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

export function serverError(name: ServerErrorName, retry_after_ms?: number): KonferencoError {
  const { code, text } = SERVER_ERRORS[name];
  return new KonferencoError({
    code,
    error: name,
    message: text,
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
  });
}

/** Whatever was thrown, as a {@link KonferencoError}. */
export function asError(thrown: unknown): KonferencoError {
  if (thrown instanceof KonferencoError) return thrown;
  return new KonferencoError(
    { ...CLIENT_ERRORS.network, error: 'network', message: thrown instanceof Error ? thrown.message : String(thrown) },
    { cause: thrown },
  );
}

/** True for a refusal of the credentials themselves, which only a new sign-in helps. */
export function endsSession(error: KonferencoError): boolean {
  return error.code >= SERVER_ERRORS.unauthenticated.code && error.code < SERVER_ERRORS.forbidden.code;
}

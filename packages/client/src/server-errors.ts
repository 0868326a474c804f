import type { ERROR_CODES } from '@konferenco/protocol';
import { KonferencoError } from './errors.ts';

/**
 * The registry's errors that arise here too, with its numbers and words, so that the rest of it reaches no bundle. None of
 * them is needed to connect.
 */
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

export function serverError(name: ServerErrorName, retry_after_ms?: number): KonferencoError {
  const { code, text } = SERVER_ERRORS[name];
  return new KonferencoError({
    code,
    error: name,
    message: text,
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
  });
}

import { CLOSE_CODES, ERROR_CODES } from '@konferenco/protocol';
import type { KonferencoErrorLike } from '../types.ts';
import type { Failure } from './transport-choice.ts';

/** How a transport over requests ended, in the words of a WebSocket. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  readonly failure: Failure;
}

export const UNREACHABLE: Ending = { code: 1006, reason: '', failure: 'unreachable' };
export const BLOCKED: Ending = { code: 1006, reason: '', failure: 'blocked' };

/** What an answer that is not a success means. One that is not the server's own comes from something in between. */
export async function endingOf(response: Response): Promise<Ending> {
  const error = await response.json().then(asServerError, () => null);
  if (!error) return BLOCKED;
  const close = closeOf(error.code);
  if (close) return { code: close.code, reason: close.text, failure: 'refused' };
  if (error.code < 3000) return BLOCKED;
  if (error.code >= 4000) return { ...UNREACHABLE, failure: 'refused' };
  // A number of seconds is how a close says when to come back.
  const reason = error.retry_after_ms === undefined ? '' : String(Math.ceil(error.retry_after_ms / 1000));
  return { code: CLOSE_CODES.draining.code, reason, failure: 'refused' };
}

/** The close code that means the same as a refusal of the credentials. */
function closeOf(code: number): { readonly code: number; readonly text: string } | undefined {
  switch (code) {
    case ERROR_CODES.unauthenticated.code:
    case ERROR_CODES.token_expired.code:
    case ERROR_CODES.token_invalid.code:
      return CLOSE_CODES.token_expired;
    case ERROR_CODES.token_revoked.code:
      return CLOSE_CODES.token_revoked;
    case ERROR_CODES.banned.code:
      return CLOSE_CODES.banned;
    default:
      return undefined;
  }
}

/** The body of an answer of the server's that is not a success; `null` for any other. */
export function asServerError(value: unknown): KonferencoErrorLike | null {
  const isError = typeof value === 'object' && value !== null && 'code' in value && 'error' in value;
  return isError && typeof value.code === 'number' ? (value as KonferencoErrorLike) : null;
}

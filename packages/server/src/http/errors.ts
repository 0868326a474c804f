import { ObjectsUnavailableError, RateLimitExceededError, StoreUnavailableError } from '@konferenco/core';
import { ERROR_CODES, type ErrorName } from '@konferenco/protocol';
import { Refused } from '../accounts/refused.ts';

/** The body of every answer that is not a success. */
export interface ErrorBody {
  readonly error: ErrorName;
  readonly code: number;
  readonly message: string;
  readonly retry_after_ms?: number;
}

const STATUS = {
  malformed: 400,
  invalid: 400,
  too_large: 413,
  unknown_type: 400,
  not_found: 404,
  id_out_of_range: 400,
  id_reused: 409,
  bad_signature: 400,
  conflict: 409,
  clock_ahead: 400,
  unexpected_frame: 400,
  too_many_subscriptions: 400,
  unauthenticated: 401,
  token_expired: 401,
  token_invalid: 401,
  token_revoked: 401,
  forbidden: 403,
  not_member: 403,
  sender_mismatch: 403,
  blocked: 403,
  banned: 403,
  invite_invalid: 404,
  removed: 409,
  rate_limited: 429,
  overloaded: 429,
  draining: 503,
  internal: 500,
  store_unavailable: 503,
  upload_too_large: 413,
  upload_type_refused: 415,
  upload_incomplete: 409,
  upload_mismatch: 409,
  quota_exceeded: 429,
  storage_unavailable: 503,
} as const satisfies Partial<Record<ErrorName, number>>;

/** When to try again while the storage for files cannot be reached. */
const STORAGE_RETRY_MS = 5_000;

/** The answer to a request that failed with `error`, and whether the fault is the server's. */
export function answerTo(error: unknown): {
  readonly status: number;
  readonly body: ErrorBody;
  readonly fault: boolean;
} {
  if (error instanceof Refused) return refusal(error.error, error.message, error.retry_after_ms);
  if (error instanceof RateLimitExceededError) {
    return refusal('rate_limited', ERROR_CODES.rate_limited.text, error.retryAfterMs);
  }
  if (error instanceof ObjectsUnavailableError) {
    const text = ERROR_CODES.storage_unavailable.text;
    return { ...refusal('storage_unavailable', text, STORAGE_RETRY_MS), fault: true };
  }
  const name: ErrorName = error instanceof StoreUnavailableError ? 'store_unavailable' : 'internal';
  return { ...refusal(name, ERROR_CODES[name].text), fault: true };
}

function refusal(error: ErrorName, message: string, retry_after_ms?: number) {
  const body: ErrorBody = {
    error,
    code: ERROR_CODES[error].code,
    message,
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
  };
  const status: number = (STATUS as Partial<Record<ErrorName, number>>)[error] ?? 400;
  return { status, body, fault: false };
}

/** What a client may do after an error. */
export type Recourse = 'never' | 'after_sign_in' | 'later';

/** How to go on after the reply error `code`, known or not. */
export function recourseOf(code: number): Recourse {
  if (code < 2000) return 'never';
  if (code < 3000) return 'after_sign_in';
  return 'later';
}

/**
 * WebSocket close codes.
 * - 4000–4099 come back at once (with the usual jitter) and resume
 * - 4100–4199 come back after the time in the reason, or with back-off
 * - 4200–4299 refresh the token, then come back
 * - 4300–4399 do not come back by yourself
 *
 * Codes outside these ranges, 1006 above all, mean: come back with back-off and resume.
 */
export const CLOSE_CODES = {
  heartbeat_missed: { code: 4000, text: 'No sign of life for 90 s.' },
  slow_consumer: { code: 4001, text: 'The connection could not take what was sent to it.' },
  migrate: { code: 4002, text: 'Please connect again; another node may answer.' },
  hello_timeout: { code: 4003, text: 'No hello within 3 s.' },
  draining: { code: 4100, text: 'The node is shutting down.' },
  flooding: { code: 4101, text: 'Too many frames.' },
  token_expired: { code: 4200, text: 'The token has expired.' },
  token_revoked: { code: 4300, text: 'The session was signed out.' },
  banned: { code: 4301, text: 'A moderator has removed you from this event.' },
  protocol_violation: { code: 4302, text: 'The peer does not speak this protocol.' },
} as const;

export type CloseName = keyof typeof CLOSE_CODES;

export type Comeback = 'at_once' | 'with_backoff' | 'after_refresh' | 'never';

/** Whether and when to connect again after a close with `code`, known or not. */
export function comebackOf(code: number): Comeback {
  if (code >= 4000 && code < 4100) return 'at_once';
  if (code >= 4200 && code < 4300) return 'after_refresh';
  if (code >= 4300 && code < 4400) return 'never';
  return 'with_backoff';
}

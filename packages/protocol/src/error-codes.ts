/**
 * Reply errors, in `error` frames and HTTP bodies. The range of a number tells a client what to do, so that a client can
 * act on a code it has never seen:
 * - 1000–1999 the request is wrong: do not repeat it unchanged
 * - 2000–2999 not allowed: sign in again or ask for permission, then repeat
 * - 3000–3999 not now: repeat after `retry_after_ms`, or with back-off where none is given
 * - 4000–4999 the server's fault: repeat with back-off; the same envelope id keeps it from happening twice
 */
export const ERROR_CODES = {
  malformed: { code: 1000, text: 'The frame is not valid JSON or not a known frame.' },
  invalid: { code: 1001, text: 'A field is missing or has the wrong form.' },
  too_large: { code: 1002, text: 'The payload or frame is larger than its type allows.' },
  unknown_type: { code: 1003, text: 'There is no such message type or subtype.' },
  not_found: { code: 1004, text: 'There is no such conversation, message or user.' },
  id_out_of_range: { code: 1005, text: 'The envelope id is too old or lies in the future: send it under a new id.' },
  id_reused: { code: 1006, text: 'This id was already used for another message.' },
  bad_signature: { code: 1007, text: "The envelope's signature does not verify." },
  conflict: { code: 1008, text: 'It changed meanwhile: read it again and decide anew.' },
  unexpected_frame: { code: 1009, text: 'This frame is not possible in the present state of the connection.' },
  too_many_subscriptions: { code: 1010, text: 'The connection has as many subscriptions as it may have.' },
  clock_ahead: {
    code: 1011,
    text: "This device's clock is ahead of the server's: stamp it anew by the server's time.",
  },
  upload_too_large: { code: 1012, text: 'The file is larger than this server takes.' },
  upload_type_refused: { code: 1013, text: 'Files of this type are not taken here, or it is not what it says it is.' },
  upload_incomplete: { code: 1014, text: 'Bytes of the file are missing: upload them first.' },
  upload_mismatch: { code: 1015, text: 'What arrived is not the file that was announced: upload it anew.' },
  unauthenticated: { code: 2000, text: 'Sign in first.' },
  token_expired: { code: 2001, text: 'The token has expired: refresh it.' },
  token_invalid: { code: 2002, text: 'The token is not valid.' },
  token_revoked: { code: 2003, text: 'The session was signed out.' },
  forbidden: { code: 2100, text: 'You do not have permission to do this.' },
  not_member: { code: 2101, text: 'You are not a member of this conversation.' },
  sender_mismatch: { code: 2102, text: 'The sender of the envelope is not you.' },
  blocked: { code: 2103, text: 'This person does not accept messages from you.' },
  banned: { code: 2104, text: 'A moderator has removed you from this event.' },
  invite_invalid: { code: 2105, text: 'The invitation is unknown, used up or expired.' },
  removed: { code: 2106, text: 'An organiser removed you from this channel meanwhile.' },
  rate_limited: { code: 3000, text: 'Too many messages: try again after the time given.' },
  overloaded: { code: 3001, text: 'The server has too much to do at the moment.' },
  draining: { code: 3002, text: 'This node is shutting down: connect again.' },
  quota_exceeded: { code: 3003, text: 'You uploaded as much as one person may for now: try again later.' },
  out_of_turn: { code: 3004, text: 'An earlier message was refused for now: send it first.' },
  internal: { code: 4000, text: 'The server failed to answer.' },
  store_unavailable: { code: 4001, text: 'The store cannot be reached or is damaged: nothing was saved.' },
  storage_unavailable: { code: 4002, text: 'The storage for files cannot be reached: try again later.' },
} as const;

export type ErrorName = keyof typeof ERROR_CODES;

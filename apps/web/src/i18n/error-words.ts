import type { MessageKey, Translate } from './catalogue.ts';

/** Texts without values: what an error's name is said with. */
type ErrorKey = Extract<MessageKey, `error.${string}`>;

/** Names of reply errors and of the client's own errors, and the sentence for each. */
const SENTENCES: Readonly<Record<string, ErrorKey>> = {
  malformed: 'error.invalid',
  invalid: 'error.invalid',
  unknown_type: 'error.invalid',
  unexpected_frame: 'error.invalid',
  bad_signature: 'error.invalid',
  id_out_of_range: 'error.clock',
  id_reused: 'error.invalid',
  too_large: 'error.too_large',
  not_found: 'error.not_found',
  unknown_message: 'error.not_found',
  conflict: 'error.conflict',
  too_many_subscriptions: 'error.overloaded',
  unauthenticated: 'error.signed_out',
  token_expired: 'error.signed_out',
  token_invalid: 'error.signed_out',
  token_revoked: 'error.signed_out',
  not_signed_in: 'error.signed_out',
  signed_out: 'error.signed_out',
  forbidden: 'error.forbidden',
  not_member: 'error.forbidden',
  sender_mismatch: 'error.forbidden',
  blocked: 'error.blocked',
  banned: 'error.banned',
  invite_invalid: 'error.invite_invalid',
  rate_limited: 'error.rate_limited',
  overloaded: 'error.overloaded',
  draining: 'error.overloaded',
  internal: 'error.server',
  store_unavailable: 'error.server',
  expired: 'error.expired',
  discarded: 'error.discarded',
  outbox_full: 'error.outbox_full',
  closed: 'error.network',
  disconnected: 'error.network',
  timeout: 'error.network',
  network: 'error.network',
  storage: 'error.storage',
  files_full: 'error.files_full',
  file_unreadable: 'error.file_unreadable',
  upload_too_large: 'error.upload_too_large',
  upload_type_refused: 'error.upload_type_refused',
  upload_incomplete: 'error.upload_mismatch',
  upload_mismatch: 'error.upload_mismatch',
  quota_exceeded: 'error.quota_exceeded',
  storage_unavailable: 'error.storage_unavailable',
};

/** Whatever was thrown or reported, as a sentence in the reader's language; an unknown error keeps its own words. */
export function errorWords(error: unknown, t: Translate): string {
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null) return String(error);
  const name = 'error' in error && typeof error.error === 'string' ? error.error : '';
  const key = SENTENCES[name];
  if (key !== undefined) return t(key);
  return 'message' in error && typeof error.message === 'string' ? error.message : String(error);
}

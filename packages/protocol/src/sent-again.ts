import { ERROR_CODES } from './error-codes.ts';

/**
 * Whether a message that was refused with this code is sent again: with fresh credentials, under another id, or later. What was
 * sent behind it must not overtake it meanwhile (DL-24).
 */
export function isSentAgain(code: number): boolean {
  return code >= 3000 || (code >= 2000 && code < 2100) || code === ERROR_CODES.id_out_of_range.code;
}

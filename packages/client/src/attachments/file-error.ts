import { asError, clientError, KonferencoError } from '../errors.ts';
import { LocalStoreError } from '../storage/local-store.ts';
import type { SendError } from '../types.ts';

/** Errors of sending files, numbered as those in `errors.ts` are. */
const FILE_ERRORS = {
  files_full: { code: 1910, text: 'Too many files are waiting to be sent.' },
  file_unreadable: { code: 1911, text: 'The file can no longer be read on this device.' },
  upload_too_large: { code: 1012, text: 'The file is larger than this server takes.' },
  upload_type_refused: { code: 1013, text: 'Files of this type are not taken here.' },
} as const;

export function fileError(name: keyof typeof FILE_ERRORS, cause?: unknown): KonferencoError {
  const { code, text } = FILE_ERRORS[name];
  return new KonferencoError({ code, error: name, message: text }, cause === undefined ? undefined : { cause });
}

/** A failure of the device's store as the program is told it. Anything else stays what it is. */
export function storeError(thrown: unknown): KonferencoError {
  return thrown instanceof LocalStoreError ? clientError('storage', thrown) : asError(thrown);
}

export function toSendError({ code, error, message }: KonferencoError): SendError {
  return { code, error, message };
}

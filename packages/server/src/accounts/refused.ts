import { ERROR_CODES, type ErrorName } from '@konferenco/protocol';

/** A request that is answered with a reply error of the registry: the caller's doing or lack of permission, not a fault. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly error: ErrorName;
  readonly retry_after_ms: number | undefined;

  constructor(error: ErrorName, options: { readonly detail?: string; readonly retry_after_ms?: number } = {}) {
    super(options.detail ?? ERROR_CODES[error].text);
    this.error = error;
    this.retry_after_ms = options.retry_after_ms;
  }
}

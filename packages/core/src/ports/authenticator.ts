import type { ErrorName } from '@konferenco/protocol';

/** Who stands behind a connection or request. */
export interface Identity {
  readonly user: string;
  readonly device: string;
  /** Id of the sign-in; revoking it ends every connection that carries it. Empty in load mode. */
  readonly session: string;
  /** Unix ms when the credentials end; `null`: never (demo sign-in by `?token=NAME`). */
  readonly expires_at: number | null;
}

export type Authentication =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly error: ErrorName };

export interface Authenticator {
  /**
   * Verifies a socket ticket: an HMAC, a few microseconds. A ticket opens one socket; a promise while the other nodes are
   * asked whether it opened one there, 100 ms at the most.
   */
  ticket(ticket: string): Authentication | Promise<Authentication>;
  /** Verifies an access token, or in demo mode takes a bare name. Slow (EdDSA): never on a connect storm's path. */
  token(token: string): Promise<Authentication>;
}

import type { TSchema } from 'typebox';

/** One row of the table of routes. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with {parameters}. */
  readonly path: string;
  readonly summary: string;
  /**
   * `none`: no token needed. `user`: a token; the permission within an event is checked by the handler. `operator`: a token of
   * an owner of the system's main event.
   */
  readonly auth: 'none' | 'user' | 'operator';
  readonly query?: TSchema;
  /** The form of a JSON body. */
  readonly body?: TSchema;
  /** The body is no JSON but at most this many bytes, sent as `application/octet-stream`. */
  readonly bytes?: number;
  readonly response: TSchema;
}

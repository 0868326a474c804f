import type { TSchema } from 'typebox';

/** One row of the table of routes. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with {parameters}. */
  readonly path: string;
  readonly summary: string;
  /** `none`: no token needed; the permission within an event is checked by the handler. */
  readonly auth: 'none' | 'user';
  readonly query?: TSchema;
  /** The form of a JSON body. */
  readonly body?: TSchema;
  /** The body is no JSON but at most this many bytes, sent as `application/octet-stream`. */
  readonly bytes?: number;
  readonly response: TSchema;
}

/**
 * What a connection over TLS is checked by and what it shows, as texts in PEM format. It may change while the program runs:
 * whoever connects looks at it then, or hands it to a driver that does, and keeps no copy.
 */
export interface TlsMaterial {
  /** Authorities that are trusted; absent: those the system knows. */
  readonly ca?: string;
  /** Certificate that this node shows, and its private key. */
  readonly cert?: string;
  readonly key?: string;
}

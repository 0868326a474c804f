/**
 * JSON Canonicalization Scheme (RFC 8785): one byte sequence for one JSON value, so that a signature over it verifies
 * anywhere. Members are sorted by UTF-16 code units; numbers and strings take ECMAScript's form.
 *
 * @throws {TypeError} when the value holds something JSON has no form for (a function, a number that is not finite,
 *   a lone surrogate).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('a number that is not finite has no canonical form');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('a lone surrogate has no canonical form');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`${typeof value} has no canonical form`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${canonicalJson(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** The text an envelope's Ed25519 signature covers: its canonical form without `signature`. */
export function signedText(envelope: { readonly signature?: string | undefined }): string {
  const { signature: _, ...unsigned } = envelope;
  return canonicalJson(unsigned);
}

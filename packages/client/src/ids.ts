import { type IdSource, LIMITS } from '@konferenco/protocol';

/**
 * Makes UUID v7 (RFC 9562 §5.7) that increase, also within one millisecond, but follow the clock when it is put right: a
 * device whose clock was ahead would otherwise go on making ids from the future, which the server refuses.
 */
export function createIds({ now, random16 }: IdSource): () => string {
  let newest = 0;
  let sequence = 0;
  return () => {
    const time = now();
    if (time > newest || time < newest - LIMITS.id_ahead_ms / 2) {
      newest = time;
      sequence = 0;
    } else sequence++;
    return uuidOf(newest, sequence, random16());
  };
}

/** The time in 48 bits, the sequence in the 31 after them, and what is left of the random bytes. */
function uuidOf(ms: number, sequence: number, random: Uint8Array): string {
  const time = hex(ms, 12);
  const high = hex(0x7000 | ((sequence >>> 20) & 0xfff), 4);
  const middle = hex(0x8000 | ((sequence >>> 6) & 0x3fff), 4);
  const [low = 0, ...rest] = random.subarray(10);
  const node = [((sequence << 2) & 0xff) | (low & 3), ...rest].map((byte) => hex(byte, 2)).join('');
  return `${time.slice(0, 8)}-${time.slice(8)}-${high}-${middle}-${node}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

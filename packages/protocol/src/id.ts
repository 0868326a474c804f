import { v7 } from 'uuid';

/** A user, device, channel or event id: 1–64 characters, so that ids can stand in log names and topics unescaped. */
export const ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._~@-]{0,63}$';
const ID = new RegExp(ID_PATTERN);

export const UUID_V7_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';
// Marked, so that programs that look at no id do not carry it.
const UUID_V7 = /* @__PURE__ */ new RegExp(UUID_V7_PATTERN);

/** Who sends what no person says: reminders, beginnings and ends, counts. Nobody can bear this id. */
export const SYSTEM_ID = 'system';

export function isId(text: string): boolean {
  return ID.test(text);
}

export function isUuidV7(text: string): boolean {
  return UUID_V7.test(text);
}

/** Where time and randomness come from; injected so that simulations repeat exactly. */
export interface IdSource {
  /** Unix milliseconds. */
  now(): number;
  /** 16 random bytes. */
  random16(): Uint8Array;
}

/** A generator of UUID v7 (RFC 9562 §5.7) whose ids increase, also within one millisecond and when the clock steps back. */
export function createIdGenerator(source: IdSource): () => string {
  let lastMs = 0;
  let seq = 0;
  return () => {
    const now = source.now();
    if (now > lastMs) {
      lastMs = now;
      seq = 0;
    } else if (++seq > 0x7fffffff) {
      lastMs++;
      seq = 0;
    }
    return v7({ msecs: lastMs, seq, random: source.random16() });
  };
}

/** The Unix milliseconds in the first 48 bits of a UUID v7. */
export function timeOfUuid(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

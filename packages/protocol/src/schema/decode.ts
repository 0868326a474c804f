import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ErrorName } from '../error-codes.ts';
import { LIMITS } from '../limits.ts';
import { CLIENT_FRAMES, type ClientFrame, SHORT_FRAMES, type ShortFrame } from './client-frame.ts';
import { PAYLOADS, SealedPayload } from './payload.ts';
import type { Envelope } from './envelope.ts';

export type Decoded<T> =
  | { readonly ok: true; readonly frame: T }
  | { readonly ok: false; readonly error: ErrorName; readonly detail: string; readonly ref?: number };

type Validator = ReturnType<typeof Compile>;

const compileAll = (schemas: Readonly<Record<string, TSchema>>): ReadonlyMap<string, Validator> =>
  new Map(Object.entries(schemas).map(([name, schema]) => [name, Compile(schema)]));

const clientFrames = compileAll(CLIENT_FRAMES);
const shortFrames = compileAll(SHORT_FRAMES);
const payloads = compileAll(PAYLOADS);
const sealed = Compile(SealedPayload);

/** Reads one frame of a `konferenco-v1` client. Never throws; the error names what was wrong and, if it was legible, the `ref`. */
export function decodeClientFrame(text: string): Decoded<ClientFrame> {
  return decode<ClientFrame>(text, clientFrames);
}

/** Reads one short frame (P7). */
export function decodeShortFrame(text: string): Decoded<ShortFrame> {
  return decode<ShortFrame>(text, shortFrames);
}

function decode<T>(text: string, validators: ReadonlyMap<string, Validator>): Decoded<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, error: 'malformed', detail: 'not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, error: 'malformed', detail: 'not a JSON object' };
  }
  const { type, ref } = value as { type?: unknown; ref?: unknown };
  const known = typeof ref === 'number' && Number.isSafeInteger(ref) ? { ref } : {};
  const validator = typeof type === 'string' ? validators.get(type) : undefined;
  if (!validator) return { ok: false, error: 'malformed', detail: 'no such frame type', ...known };
  if (!validator.Check(value)) return { ok: false, error: 'invalid', detail: firstError(validator, value), ...known };
  return { ok: true, frame: value as T };
}

/** What is wrong with an envelope's payload, or `null`. The envelope itself has been validated. */
export function payloadError(envelope: Envelope): string | null {
  if (!isBoundedJson(envelope.payload, LIMITS.json_depth))
    return 'payload is nested too deeply or holds a number or text that JSON cannot keep';
  const validator = envelope.encrypted ? sealed : payloads.get(`${envelope.type}/${envelope.subtype}`);
  if (validator && !validator.Check(envelope.payload)) return `payload${firstError(validator, envelope.payload)}`;
  return envelope.type === 'chat' ? attachmentsError(envelope.payload) : null;
}

/** What a schema cannot say: a message without text needs attachments, and none of them stands there twice. */
function attachmentsError({ text, attachments }: Envelope['payload']): string | null {
  if (!Array.isArray(attachments)) return text === '' ? 'payload/text must not be empty without attachments' : null;
  const ids = attachments.map((one: unknown) => (typeof one === 'string' ? one : (one as { id?: unknown } | null)?.id));
  return new Set(ids).size === ids.length ? null : 'payload/attachments must not name one twice';
}

function firstError(validator: Validator, value: unknown): string {
  const [first] = validator.Errors(value);
  return first ? `${first.instancePath} ${first.message}`.trim() : 'invalid';
}

/** True when no value lies deeper than `depth`, every number is finite and every text well-formed, so that storing it changes nothing. */
export function isBoundedJson(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0) return false;
  return Object.entries(value).every(([name, inner]) => name.isWellFormed() && isBoundedJson(inner, depth - 1));
}

import { LIMITS, type ServerFrame } from '@konferenco/protocol';
import { asError, clientError, KonferencoError } from '../errors.ts';
import { asServerError } from '../transport/ending.ts';
import { EventParser } from '../transport/event-parser.ts';
import type { Environment, OutboxEntry } from '../types.ts';

/** UTF-8 bytes of one request, below what the server takes. */
const BYTES_MAX = 60_000;

/** What the server said to an entry, by its id: `null`, it has it. An entry without a word in time is missing. */
export type Answers = ReadonlyMap<string, KonferencoError | null>;

export interface PostOptions {
  /** Base address of the server. */
  readonly url: string;
  readonly token: string;
  readonly device_id: string;
  readonly fetch: Environment['fetch'];
}

/** The first entries that one request can carry: at least one. */
export function fitting(entries: readonly OutboxEntry[]): readonly OutboxEntry[] {
  const encoder = new TextEncoder();
  let bytes = 0;
  const fit = entries.slice(0, LIMITS.frames_at_once).findIndex(({ envelope }, index) => {
    bytes += encoder.encode(envelope).length + FRAME_BYTES;
    return index > 0 && bytes > BYTES_MAX;
  });
  return entries.slice(0, fit < 0 ? LIMITS.frames_at_once : fit);
}
/** What a frame adds to its envelope. */
const FRAME_BYTES = 64;

/**
 * Publishes entries, their envelopes unchanged, by one request.
 *
 * @throws {KonferencoError} the server's refusal of the request as a whole; `network` when no server of ours answered
 */
export async function postEntries(entries: readonly OutboxEntry[], options: PostOptions): Promise<Answers> {
  const { url, token, device_id, fetch } = options;
  const frames = entries.map(({ envelope }, index) => `{"type":"publish","ref":${index + 1},"envelope":${envelope}}`);
  const body = `{"device_id":${JSON.stringify(device_id)},"frames":[${frames.join(',')}]}`;
  const text = await postJson('/api/frames', { url, fetch, body, token, answer: 'text/event-stream' });
  const answers = new Map<string, KonferencoError | null>();
  for (const { data } of new EventParser().push(text)) {
    const frame = JSON.parse(data) as ServerFrame;
    if (frame.type !== 'reply' && frame.type !== 'error') continue;
    const entry = entries[(frame.ref ?? 0) - 1];
    if (entry) answers.set(entry.id, frame.type === 'reply' ? null : new KonferencoError(frame));
  }
  return answers;
}

export interface JsonPost {
  /** Base address of the server. */
  readonly url: string;
  readonly fetch: Environment['fetch'];
  readonly body: string;
  readonly token?: string;
  /** Media type of the server's own answer; another comes from something in between. */
  readonly answer: string;
}

/** The body of the answer. @throws {KonferencoError} as {@link postEntries} does */
export async function postJson(path: string, { url, fetch, body, token, answer }: JsonPost): Promise<string> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token !== undefined) headers['authorization'] = `Bearer ${encodeURIComponent(token)}`;
  try {
    const response = await fetch(new URL(path, url).href, { method: 'POST', headers, body });
    if (!response.ok) throw await refusalOf(response);
    if (!response.headers.get('content-type')?.startsWith(answer)) throw clientError('network');
    return await response.text();
  } catch (error) {
    throw asError(error);
  }
}

/** An answer that is not the server's own comes from something in between. */
async function refusalOf(response: Response): Promise<KonferencoError> {
  const error = await response.json().then(asServerError, () => null);
  return error === null
    ? clientError('network')
    : new KonferencoError({ ...error, message: error.message ?? error.error });
}

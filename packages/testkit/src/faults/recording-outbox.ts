import type { OutboxEntry, OutboxStore } from '@konferenco/client';
import { type Envelope, recourseOf } from '@konferenco/protocol';
import { effectOf } from './effects.ts';
import type { Recorder } from './recorder.ts';
import type { Answer } from './tapped-socket.ts';

export interface RecordingOutboxOptions {
  readonly user: string;
  readonly recorder: Recorder;
  /** An operation on replicated state began, or its outcome was recorded. */
  readonly began: (op: number) => void;
  readonly ended: (op: number) => void;
}

/** An operation that was not answered yet. */
interface Awaited {
  readonly op: number;
  refusal: Extract<Answer, { readonly frame: 'refusal' }> | null;
}

/**
 * The device's outbox in memory; the first keeping of an entry is its invocation. What becomes of a message is told to whoever
 * sent it; what becomes of an operation on replicated state, only on the wire and to the outbox.
 */
export class RecordingOutbox implements OutboxStore {
  readonly #options: RecordingOutboxOptions;
  readonly #entries = new Map<string, OutboxEntry>();
  readonly #known = new Set<string>();
  readonly #awaited = new Map<string, Awaited>();
  #taken: number | null = null;

  constructor(options: RecordingOutboxOptions) {
    this.#options = options;
  }

  load(): Promise<readonly OutboxEntry[]> {
    return Promise.resolve([...this.#entries.values()]);
  }

  put(entry: OutboxEntry): Promise<void> {
    this.#entries.set(entry.id, entry);
    if (!this.#known.has(entry.id)) {
      this.#known.add(entry.id);
      this.#invoked(entry);
    }
    return Promise.resolve();
  }

  delete(id: string): Promise<void> {
    this.#entries.delete(id);
    const awaited = this.#awaited.get(id);
    if (awaited) this.#forgotten(id, awaited);
    return Promise.resolve();
  }

  /** The server said something of an entry to one of the person's sessions. */
  answered(answer: Answer): void {
    const awaited = this.#awaited.get(answer.id);
    if (!awaited) return;
    if (answer.frame === 'refusal') {
      awaited.refusal = answer;
      return;
    }
    const { log, offset } = answer;
    this.#options.recorder.record({ kind: 'ok', op: awaited.op, log, offset });
    this.#end(answer.id, awaited);
  }

  /** The message that the last call began, once; `null`: it began none. */
  taken(): number | null {
    const op = this.#taken;
    this.#taken = null;
    return op;
  }

  #invoked(entry: OutboxEntry): void {
    const { user, recorder, began } = this.#options;
    const envelope = JSON.parse(entry.envelope) as Envelope;
    const op = recorder.invoked(user, entry.log, envelope);
    if (effectOf(envelope) === null) {
      this.#taken = op;
      return;
    }
    this.#awaited.set(entry.id, { op, refusal: null });
    began(op);
  }

  /** Without an answer that was seen: refused for good, dropped before it was sent, or answered over a fallback transport. */
  #forgotten(id: string, awaited: Awaited): void {
    const { recorder } = this.#options;
    const { op, refusal } = awaited;
    if (refusal && isLasting(refusal))
      recorder.record({ kind: 'refused', op, code: refusal.code, error: refusal.error });
    else recorder.record({ kind: 'unknown', op, why: 'no answer was seen' });
    this.#end(id, awaited);
  }

  #end(id: string, { op }: Awaited): void {
    this.#awaited.delete(id);
    this.#options.ended(op);
  }
}

/** Whether the client takes it as the end of the operation under this id. */
function isLasting({ code, error }: { readonly code: number; readonly error: string }): boolean {
  // From 2100 on a permission is missing, which no new token changes.
  const isMissing = recourseOf(code) === 'after_sign_in' && code >= 2100;
  return recourseOf(code) === 'never' || isMissing || error === 'id_out_of_range';
}

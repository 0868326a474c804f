import { applyUpdate, Doc, type YTextEvent } from 'yjs';
import { Signal } from '../events.ts';
import type { SharedNotes } from '../sync/types.ts';
import type { Environment } from '../types.ts';
import { movedPosition, pieces, type Range, smallestEdit, survivingRanges, type TextDelta } from './text-edit.ts';
import { batched, fromBase64, toBase64 } from './update-batch.ts';

/** How long typing is collected before it becomes one operation (ms). */
export const TYPING_MS = 300;
/** UTF-16 units put in or taken out by one update at the most, so that every update fits an envelope. */
const PIECE_MAX = 600;
const LOCAL = 'local';

export interface NotesHost {
  readonly environment: Pick<Environment, 'after' | 'randomBytes'>;
  /** Updates known for this meeting, in base64: those the server has, and own ones that wait. Repeats do no harm. */
  readonly updates: () => readonly string[];
  /** How many own updates were refused so far: they are part of the text no longer. */
  readonly refusals: () => number;
  readonly subscribe: (fn: () => void) => () => void;
  /** Keeps on the device what was typed since the last `send`, so that a program that ends does not take it along. */
  readonly keep: (updates: readonly string[]) => void;
  /** Puts updates into the outbox. */
  readonly send: (updates: readonly string[]) => void;
}

/** The minutes of one meeting as a text that two people write at once. */
export class MeetingNotes implements SharedNotes {
  readonly #host: NotesHost;
  readonly #changes = new Signal();
  readonly #unsubscribe: () => void;
  #doc: Doc;
  /** Updates that are in the document. */
  #known = new Set<string>();
  #refusals: number;
  #unsent: Uint8Array[] = [];
  #cancelFlush: (() => void) | null = null;
  /** The text as it was last read, and what changed from elsewhere since. */
  #seen = '';
  #since: TextDelta[] = [];
  #last: TextDelta = [];

  constructor(host: NotesHost) {
    this.#host = host;
    this.#refusals = host.refusals();
    this.#doc = this.#open();
    this.#merge();
    this.#unsubscribe = host.subscribe(() => this.#take());
  }

  text(): string {
    this.#seen = this.#text.toString();
    this.#since = [];
    return this.#seen;
  }

  edit(text: string): void {
    const edit = smallestEdit(this.#seen, text);
    if (!edit) return;
    const at = this.#since.reduce((position, delta) => movedPosition(position, delta), edit.from);
    // What others wrote meanwhile was not there to be taken out.
    const gone = this.#since.reduce<readonly Range[]>(
      (ranges, delta) => ranges.flatMap((range) => survivingRanges(range, delta)),
      [{ from: edit.from, to: edit.to }],
    );
    for (const range of gone.toReversed()) this.#remove(range);
    this.#insert(at, edit.insert);
    this.text();
    this.#changes.emit();
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  moved(position: number): number {
    return movedPosition(position, this.#last);
  }

  keep(): void {
    this.#flush();
  }

  close(): void {
    this.#flush();
    this.#unsubscribe();
    this.#doc.destroy();
  }

  get #text() {
    return this.#doc.getText('notes');
  }

  #open(): Doc {
    const doc = new Doc();
    const [a = 0, b = 0, c = 0, d = 0] = this.#host.environment.randomBytes(4);
    // Every opening writes under a number of its own: Yjs must never see one used for two different edits.
    doc.clientID = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === LOCAL) this.#collect(update);
    });
    doc.getText('notes').observe((event: YTextEvent) => {
      if (event.transaction.origin === LOCAL) return;
      this.#last = event.delta;
      this.#since.push(event.delta);
    });
    return doc;
  }

  #remove({ from, to }: Range): void {
    for (let end = to; end > from; end -= PIECE_MAX) {
      const start = Math.max(from, end - PIECE_MAX);
      this.#doc.transact(() => this.#text.delete(start, end - start), LOCAL);
    }
  }

  #insert(at: number, text: string): void {
    let position = at;
    for (const piece of pieces(text, PIECE_MAX)) {
      this.#doc.transact(() => this.#text.insert(position, piece), LOCAL);
      position += piece.length;
    }
  }

  #collect(update: Uint8Array): void {
    this.#unsent.push(update);
    this.#host.keep(batched(this.#unsent).map(toBase64));
    this.#cancelFlush ??= this.#host.environment.after(TYPING_MS, () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    const updates = batched(this.#unsent).map(toBase64);
    this.#unsent = [];
    for (const update of updates) this.#known.add(update);
    if (updates.length > 0) this.#host.send(updates);
  }

  /** Something changed in the replicated state. */
  #take(): void {
    if (this.#refusals === this.#host.refusals()) {
      if (this.#merge()) this.#changes.emit();
      return;
    }
    this.#flush();
    this.#refusals = this.#host.refusals();
    this.#rebuild();
    this.#changes.emit();
  }

  /** Yjs takes nothing back: the document is made again from what stands. */
  #rebuild(): void {
    const before = this.#text.toString();
    this.#doc.destroy();
    this.#known = new Set();
    this.#doc = this.#open();
    const since = this.#since;
    this.#merge();
    const edit = smallestEdit(before, this.#text.toString());
    this.#last = edit ? [{ retain: edit.from }, { delete: edit.to - edit.from }, { insert: edit.insert }] : [];
    this.#since = [...since, this.#last];
  }

  /** @returns whether the text is another than before */
  #merge(): boolean {
    const before = this.#text.toString();
    const fresh = this.#host.updates().filter((update) => !this.#known.has(update));
    if (fresh.length === 0) return false;
    // One transaction, so that one change is told.
    this.#doc.transact(() => {
      for (const update of fresh) {
        this.#known.add(update);
        applyUpdate(this.#doc, fromBase64(update));
      }
    });
    return this.#text.toString() !== before;
  }
}

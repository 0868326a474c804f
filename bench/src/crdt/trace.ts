/**
 * What people do, in terms that no library owns: places by index in what the writer sees, as an application has them. A
 * trace comes from a seed, so every library is given the same one.
 *
 * Writers work at once within a round and hear of each other between rounds. Where the libraries resolve a conflict
 * differently by design (two letters at one place, two values of one field), the outcome could not be compared; the traces
 * keep such conflicts out: writers change different parts of the same document at the same time.
 */
export interface Intents {
  readonly text: TextIntent;
  readonly chat: ChatMessage;
  readonly favourites: SetIntent;
  readonly programme: FieldIntent;
  readonly counters: CountIntent;
  readonly agenda: AgendaIntent;
}

export type Kind = keyof Intents;

/** One letter typed, or one deleted (`letter` is then `null`). */
export interface TextIntent {
  readonly index: number;
  readonly letter: string | null;
}

export interface ChatMessage {
  readonly from: string;
  /** Unix ms, of no other message; what is seen is sorted by it. */
  readonly at: number;
  readonly text: string;
}

export interface SetIntent {
  readonly element: string;
  readonly wanted: boolean;
}

export interface FieldIntent {
  readonly session: string;
  readonly field: string;
  readonly value: string | number;
}

/** Counts one up. */
export interface CountIntent {
  readonly counter: string;
}

/** `item`: the application's id, `node:sequence`. `after`, `before`: the items between which it goes; `index`: its place then. */
export type AgendaIntent =
  | ({ readonly op: 'insert'; readonly item: string; readonly text: string } & Place)
  | ({ readonly op: 'move'; readonly item: string; readonly from: number } & Place)
  | {
      readonly op: 'edit';
      readonly item: string;
      readonly index: number;
      readonly text: string;
      readonly done: boolean;
    }
  | { readonly op: 'remove'; readonly item: string; readonly index: number };

export interface Place {
  readonly index: number;
  readonly after: string | null;
  readonly before: string | null;
}

/** What one writer does in one document during a round. */
export interface Turn<I> {
  readonly document: number;
  readonly writer: number;
  readonly intents: readonly I[];
}

export interface Trace<I> {
  /** Documents of the same type; each has every writer. */
  readonly documents: number;
  readonly writers: number;
  /** What the document holds when everybody begins; the founder did it. */
  readonly setup: readonly I[];
  readonly rounds: readonly (readonly Turn<I>[])[];
  /** What every replica of each document must show at the end, in the form that `seen` gives it. */
  readonly expected: readonly unknown[];
  /** What a person sees of a replica's content; without it, the content as it is. */
  readonly seen?: (content: unknown) => unknown;
}

export type TraceOf<K extends Kind> = Trace<Intents[K]>;

/** How much a trace holds, as a share of its full size. */
export interface TraceOptions {
  readonly seed: number;
  /** From above 0 to 1. */
  readonly scale: number;
}

export function operationsIn<I>({ rounds }: Trace<I>): number {
  return rounds.flat().reduce((sum, { intents }) => sum + intents.length, 0);
}

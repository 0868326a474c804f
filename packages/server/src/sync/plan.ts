import type { Append, BusRecord, Command, DocumentState, OperationRefusal } from '@konferenco/core';
import type { Envelope, ErrorName } from '@konferenco/protocol';

/** An operation on its way into the store: the envelope, and the append that keeps it. */
export interface Submission {
  readonly envelope: Envelope;
  readonly append: Append;
}

export interface Refusing {
  readonly kind: 'refused';
  readonly refusal: OperationRefusal;
}

/** What becomes of an operation as things stand: a command that keeps all of it, or why nothing is kept. */
export type Planned =
  | Refusing
  | { readonly kind: 'commit'; readonly command: Command; readonly tell: readonly BusRecord[] };

export type Changes = NonNullable<Command['changes']>;
export type Requires = NonNullable<Command['requires']>;

/** What an operation does beside changing its document. */
export interface Effects {
  readonly requires: Requires;
  readonly changes: Changes;
  readonly tell: readonly BusRecord[];
}

export const NO_EFFECTS: Effects = { requires: [], changes: [], tell: [] };

export function refuse(error: ErrorName, detail = ''): Refusing {
  return { kind: 'refused', refusal: { error, detail } };
}

export function isRefused(result: Effects | Refusing): result is Refusing {
  return 'kind' in result && result.kind === 'refused';
}

/** The command of an operation: its append, its document and its effects, all or nothing. */
export function commitOf(
  { append }: Submission,
  document: Pick<Effects, 'requires' | 'changes'>,
  effects: Effects,
): Planned {
  return {
    kind: 'commit',
    command: {
      appends: [append],
      requires: [...document.requires, ...effects.requires],
      changes: [...document.changes, ...effects.changes],
    },
    tell: effects.tell,
  };
}

/** A document before and after an operation. */
export interface Step {
  readonly before: DocumentState | null;
  readonly after: DocumentState;
}

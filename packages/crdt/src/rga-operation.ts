import type { Stamp } from './stamp.ts';

/**
 * Right after a position, or right before one; `null`: at the beginning. A position is named by the element that was
 * inserted there, or by the move that made it.
 */
export type RGAPosition = { readonly after: string | null } | { readonly before: string };

export interface RGAInsert<T> extends Stamp {
  readonly op: 'insert';
  readonly id: string;
  readonly content: T;
  readonly position: RGAPosition;
}

export interface RGARemove {
  readonly op: 'remove';
  readonly id: string;
}

export interface RGASet<T> extends Stamp {
  readonly op: 'set';
  readonly id: string;
  readonly content: T;
}

export interface RGAMove extends Stamp {
  readonly op: 'move';
  readonly id: string;
  readonly position: RGAPosition;
}

export type RGAOperation<T> = RGAInsert<T> | RGARemove | RGASet<T> | RGAMove;

export type RGAOutcome = 'applied' | 'held' | 'known';

import type { Position } from './rga-order.ts';
import type { Stamp } from './stamp.ts';

/** What is known of one element. */
export interface RGAElement<T> {
  readonly id: string;
  /** `undefined` once removed. */
  content: T | undefined;
  /** Of the content that stands. */
  written: Stamp | null;
  /** Its insertion is known, though it may still wait for its neighbour. */
  inserted: boolean;
  removed: boolean;
  /** Where it was inserted. */
  origin: Position<RGAElement<T>> | null;
  /** Where it is. */
  position: Position<RGAElement<T>> | null;
}

/** An element that something was said about, and nothing else is known of. */
export function newElement<T>(id: string): RGAElement<T> {
  return {
    id,
    content: undefined,
    written: null,
    inserted: false,
    removed: false,
    origin: null,
    position: null,
  };
}

/** Whether it is part of the sequence as people see it. */
export function isVisible<T>(element: RGAElement<T>): boolean {
  return element.inserted && !element.removed && element.position !== null;
}

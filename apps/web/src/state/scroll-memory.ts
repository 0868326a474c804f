import type { VirtualItem } from '@tanstack/react-virtual';

/** Where a list stood: its offset in pixels, and the sizes that were measured. */
export interface ScrollPlace {
  readonly offset: number;
  readonly measured: readonly VirtualItem[];
}

export interface ScrollMemory {
  /** The place kept last; `null` when the list was at its end. */
  take(): ScrollPlace | null;
  keep(place: ScrollPlace | null): void;
}

const PLACES = 50;

/** Memories by name; the oldest of more than fifty is forgotten. */
export function createScrollMemories(): (name: string) => ScrollMemory {
  const places = new Map<string, ScrollPlace>();
  const memories = new Map<string, ScrollMemory>();
  const create = (name: string): ScrollMemory => ({
    take: () => places.get(name) ?? null,
    keep(place) {
      places.delete(name);
      if (place === null) return;
      places.set(name, place);
      const oldest = places.keys().next().value;
      if (places.size > PLACES && oldest !== undefined) places.delete(oldest);
    },
  });
  return (name) => {
    const memory = memories.get(name) ?? create(name);
    memories.set(name, memory);
    return memory;
  };
}

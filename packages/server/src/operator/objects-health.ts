import { type ObjectStore, ObjectsUnavailableError } from '@konferenco/core';

/** A storage for files that remembers whether it answered when it was used last. */
export interface WatchedObjects {
  readonly objects: ObjectStore;
  /** `null` while it answers; otherwise what it said last. */
  fault(): string | null;
}

/** @param atStart what it said when it was opened; `null`: it answered */
export function watchObjects(objects: ObjectStore, atStart: string | null): WatchedObjects {
  let fault = atStart;
  const watched = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      const value = await answer;
      fault = null;
      return value;
    } catch (error) {
      if (error instanceof ObjectsUnavailableError) fault = error.message;
      throw error;
    }
  };
  return {
    fault: () => fault,
    objects: {
      put: (key, body, size) => watched(objects.put(key, body, size)),
      get: (key, range) => watched(objects.get(key, range)),
      stat: (key) => watched(objects.stat(key)),
      delete: (key) => watched(objects.delete(key)),
      list: (prefix, page) => watched(objects.list(prefix, page)),
      sweep: (before) => watched(objects.sweep(before)),
      // Made without asking the storage.
      link: (key, options) => objects.link(key, options),
      close: () => objects.close(),
    },
  };
}

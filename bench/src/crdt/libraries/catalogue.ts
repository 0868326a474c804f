import type { Library } from '../replica.ts';

/** Each is loaded alone, so that no other's code and memory are in the process that measures it. */
export const LIBRARIES = {
  konferenco: async (): Promise<Library> => (await import('./ours.ts')).ours,
  yjs: async (): Promise<Library> => (await import('./yjs.ts')).yjs,
  automerge: async (): Promise<Library> => (await import('./automerge.ts')).automerge,
  loro: async (): Promise<Library> => (await import('./loro.ts')).loro,
} as const;

export type LibraryName = keyof typeof LIBRARIES;

import { readJson, writeJson } from './preferences.ts';

/** A person named in a text as `@name`. */
export interface Mention {
  readonly id: string;
  readonly name: string;
}

/** What was written but not sent in one conversation or thread. */
export interface Draft {
  readonly text: string;
  readonly mentions: readonly Mention[];
  /** Id of the message that is answered. */
  readonly reply_to?: string;
}

export const EMPTY_DRAFT: Draft = { text: '', mentions: [] };

/** Drafts by place: a log name, or a log name with a thread's root. */
export interface Drafts {
  get(place: string): Draft;
  set(place: string, draft: Draft): void;
}

const PREFIX = 'konferenco.draft.';

/** Drafts that survive a reload; an empty one is removed. A copy in memory serves when storage refuses. */
export function createDrafts(storage: Storage): Drafts {
  const memory = new Map<string, Draft>();
  return {
    get: (place) => memory.get(place) ?? readJson<Draft>(storage, PREFIX + place) ?? EMPTY_DRAFT,
    set(place, draft) {
      memory.set(place, draft);
      if (draft.text === '' && draft.reply_to === undefined) storage.removeItem(PREFIX + place);
      else writeJson(storage, PREFIX + place, draft);
    },
  };
}

/** Removes every draft from the device. */
export function forgetDrafts(storage: Storage): void {
  const keys = Array.from({ length: storage.length }, (_, i) => storage.key(i));
  for (const key of keys) if (key?.startsWith(PREFIX)) storage.removeItem(key);
}

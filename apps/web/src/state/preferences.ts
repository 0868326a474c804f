import type { Language } from '../i18n/locale.ts';
import { type PlainStore, createStore } from './store.ts';

/** What a person chose on this device. */
export interface Preferences {
  readonly language: Language;
  readonly theme: 'system' | 'light' | 'dark';
  /** Shortcuts of one character (WCAG 2.1.4 asks that they can be turned off). */
  readonly singleKeys: boolean;
  /** Messages that this device keeps at the most; from the next start of the page. */
  readonly keepEntries: number;
  /** Pictures are loaded only when they are opened, whatever the browser says of the link. */
  readonly saveData: boolean;
  /** The event that is shown, of those the person belongs to. */
  readonly event: string | null;
}

const KEY = 'konferenco.preferences';

/** What can be chosen for `keepEntries`; the last is where it starts. */
export const KEEP_CHOICES = [1_000, 10_000, 100_000] as const;
const KEEP_START = KEEP_CHOICES[2];

/** Preferences kept in `storage`; the language starts as the browser's. */
export function createPreferences(storage: Storage, languages: readonly string[]): PlainStore<Preferences> {
  const first = languages.map((l) => l.slice(0, 2)).find((l) => l === 'mi' || l === 'en');
  const start: Preferences = {
    language: first === 'mi' ? 'mi' : 'en',
    theme: 'system',
    singleKeys: true,
    keepEntries: KEEP_START,
    saveData: false,
    event: null,
  };
  const store = createStore<Preferences>({ ...start, ...readJson<Partial<Preferences>>(storage, KEY) });
  return {
    ...store,
    set(value) {
      writeJson(storage, KEY, value);
      store.set(value);
    },
  };
}

/** What was chosen for `keepEntries`, before there are preferences. */
export function keptAtMost(storage: Storage): number {
  return readJson<Partial<Preferences>>(storage, KEY)?.keepEntries ?? KEEP_START;
}

/** A stored value, or `null` when there is none or it cannot be read. */
export function readJson<T>(storage: Storage, key: string): T | null {
  try {
    return JSON.parse(storage.getItem(key) ?? 'null') as T | null;
  } catch {
    return null;
  }
}

/** Stores a value as far as the browser lets us: in private windows and full storages it lives only until the page closes. */
export function writeJson(storage: Storage, key: string, value: unknown): void {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // Nothing depends on it: the running page keeps its own copy.
  }
}

import { createStore, type PlainStore } from './store.ts';

/** A passing word to the person: shown for a while and read out politely. */
export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly harm: boolean;
}

export interface Announcer {
  /** What is shown now; `null` when nothing is. */
  readonly notice: Pick<PlainStore<Notice | null>, 'state' | 'subscribe'>;
  /** What screen readers are told now. */
  readonly spoken: Pick<PlainStore<string>, 'state' | 'subscribe'>;
  show(text: string, options?: { readonly harm?: boolean }): void;
  dismiss(): void;
  /** Something arrived. Several within {@link QUIET_MS} become one sentence, made by `many`. */
  arrived(text: string, many: (count: number) => string): void;
}

const SHOWN_MS = 6_000;
const QUIET_MS = 3_000;

export interface AnnouncerTimer {
  after(ms: number, fn: () => void): () => void;
}

/** An announcer that speaks at most once every 3 s of things that arrive. */
export function createAnnouncer(timer: AnnouncerTimer): Announcer {
  const notice = createStore<Notice | null>(null);
  const spoken = createStore('');
  let count = 0;
  let waiting: { readonly texts: string[]; many: (count: number) => string } | null = null;
  let quiet = false;
  let hide: () => void = () => {};

  const speakNext = (): void => {
    quiet = false;
    if (waiting === null) return;
    const { texts, many } = waiting;
    waiting = null;
    speak(texts.length === 1 ? (texts[0] ?? '') : many(texts.length));
  };
  const speak = (text: string): void => {
    spoken.set(text);
    quiet = true;
    timer.after(QUIET_MS, speakNext);
  };
  return {
    notice,
    spoken,
    show(text, options = {}) {
      hide();
      notice.set({ id: ++count, text, harm: options.harm ?? false });
      hide = timer.after(SHOWN_MS, () => notice.set(null));
    },
    dismiss() {
      hide();
      notice.set(null);
    },
    arrived(text, many) {
      if (!quiet) return speak(text);
      waiting ??= { texts: [], many };
      waiting.many = many;
      if (waiting.texts.length < 1_000) waiting.texts.push(text);
    },
  };
}

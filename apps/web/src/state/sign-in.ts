import type { Tokens, TokenStore } from '@konferenco/client';
import { readJson } from './preferences.ts';

/** Where earlier versions kept the sign-in, which no worker can read. */
const EARLIER = 'konferenco.tokens';

export interface SignInOptions {
  /** Where it belongs; `null`: not to be had in this browser. */
  readonly kept: TokenStore | null;
  readonly storage: Storage;
  /** Whether a page of another version is open, which may look for the sign-in in its earlier place. */
  readonly isOtherVersionOpen: () => Promise<boolean>;
  /** The browser could not read or keep it there. */
  readonly onFault: (error: unknown) => void;
  /** Told whose sign-in it is before anybody can use it. */
  readonly whose: (tokens: Tokens) => void;
}

/**
 * The sign-in of this browser, in one place at any time: a refresh token is good for one use, so of two copies one would
 * end the session. It moves out of its earlier place when no page of another version is open, and stays there as long as
 * the browser offers no other.
 */
export function createSignIn(options: SignInOptions): TokenStore {
  const { kept, storage, isOtherVersionOpen, onFault, whose } = options;
  const toEarlier = (tokens: Tokens): void => storage.setItem(EARLIER, JSON.stringify(tokens));
  const move = async (tokens: Tokens): Promise<void> => {
    try {
      if (kept === null) return toEarlier(tokens);
      await kept.save(tokens);
      storage.removeItem(EARLIER);
    } catch (error) {
      onFault(error);
      // No room, perhaps: nobody is signed out for it. What is there is older, and a worker must not use it.
      await kept?.save(null).catch(onFault);
      toEarlier(tokens);
    }
  };
  const isEarlierInUse = async (): Promise<boolean> =>
    storage.getItem(EARLIER) !== null && (await isOtherVersionOpen());
  const fromKept = async (): Promise<Tokens | null> => {
    try {
      return (await kept?.load()) ?? null;
    } catch (error) {
      // A browser that opens no database lets the person sign in all the same.
      onFault(error);
      return null;
    }
  };
  return {
    async load() {
      const earlier = readJson<Tokens>(storage, EARLIER);
      const tokens = earlier ?? (await fromKept());
      if (earlier !== null && !(await isEarlierInUse())) await move(earlier);
      if (tokens !== null) whose(tokens);
      return tokens;
    },
    async save(tokens) {
      if (tokens === null) {
        storage.removeItem(EARLIER);
        await kept?.save(null);
      } else {
        if (await isEarlierInUse()) toEarlier(tokens);
        else await move(tokens);
        whose(tokens);
      }
    },
  };
}

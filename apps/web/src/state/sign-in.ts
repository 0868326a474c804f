import type { Tokens, TokenStore } from '@konferenco/client';
import { readJson, writeJson } from './preferences.ts';

/** Where earlier versions kept the sign-in, which no worker can read. */
const EARLIER = 'konferenco.tokens';
/** A copy apart from the browser's databases: they share files, and are damaged or removed together. */
const COPY = 'konferenco.sign-in';

export interface SignInOptions {
  /** Where it belongs; `null`: not to be had in this browser. */
  readonly kept: TokenStore | null;
  readonly storage: Storage;
  /** Whether a page of another version is open, which may look for the sign-in in its earlier place. */
  readonly isOtherVersionOpen: () => Promise<boolean>;
  /** The browser could not read or keep it there. */
  readonly onFault: (error: unknown) => void;
  /** Whether somebody signed in here and did not sign out. */
  readonly isKnown: () => boolean;
  /** Told that the browser lost a sign-in, before a copy of it is used. */
  readonly onLost: () => Promise<void>;
  /** Told whose sign-in it is before anybody can use it. */
  readonly whose: (tokens: Tokens) => void;
}

/**
 * The sign-in of this browser. It is used from one place at any time: a refresh token is good for one use, so of two
 * places one would end the session. It moves out of its earlier place when no page of another version is open, and stays
 * there as long as the browser offers no other. A copy, written with it and removed before it, takes its place when the
 * browser lost its databases.
 */
export function createSignIn(options: SignInOptions): TokenStore {
  const { kept, storage, isOtherVersionOpen, onFault, isKnown, onLost, whose } = options;
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
  const fromCopy = async (): Promise<Tokens | null> => {
    // Left behind where a sign-out was interrupted.
    if (!isKnown()) storage.removeItem(COPY);
    else await onLost();
    const tokens = readJson<Tokens>(storage, COPY);
    if (tokens !== null) await kept?.save(tokens).catch(onFault);
    return tokens;
  };
  /** An older sign-in of the same person never takes the place of a newer one: another tab may have renewed it. */
  const copy = (tokens: Tokens): void => {
    const known = readJson<Tokens>(storage, COPY);
    if (known === null || known.user.id !== tokens.user.id || known.expires_at <= tokens.expires_at)
      writeJson(storage, COPY, tokens);
  };
  return {
    async load() {
      const earlier = readJson<Tokens>(storage, EARLIER);
      const tokens = earlier ?? (await fromKept()) ?? (await fromCopy());
      if (earlier !== null && !(await isEarlierInUse())) await move(earlier);
      if (tokens === null) return null;
      copy(tokens);
      whose(tokens);
      return tokens;
    },
    async save(tokens) {
      if (tokens === null) {
        const forget = (): void => {
          for (const key of [COPY, EARLIER]) storage.removeItem(key);
        };
        forget();
        // Another tab may have read it just before it went, and copied it.
        await kept?.save(null).finally(forget);
      } else {
        if (await isEarlierInUse()) toEarlier(tokens);
        else await move(tokens);
        writeJson(storage, COPY, tokens);
        whose(tokens);
      }
    },
  };
}

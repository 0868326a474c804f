import type { Tokens } from '@konferenco/protocol';
import { asError, clientError, endsSession, type KonferencoError } from './errors.ts';
import type { TokenStore } from './types.ts';

export interface CredentialsOptions {
  readonly store: TokenStore;
  /** Exchanges a refresh token. */
  readonly exchange: (refresh_token: string) => Promise<Tokens>;
  /** Lets one program at a time in, among all that share the store. */
  readonly exclusively: <T>(name: string, fn: () => Promise<T>) => Promise<T>;
  /** The server does not accept the refresh token any more: the sign-in is over. */
  readonly ended: (error: KonferencoError) => void;
}

/**
 * The sign-in. A refresh token used twice ends the session, so refreshing is done once for all who ask, and, where
 * several tabs share a store, by one tab, whose result the others take over.
 */
export class Credentials {
  readonly #options: CredentialsOptions;
  #tokens: Tokens | null = null;
  #refreshing: Promise<Tokens> | null = null;

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  get current(): Tokens | null {
    return this.#tokens;
  }

  async load(): Promise<Tokens | null> {
    this.#tokens ??= await this.#options.store.load();
    return this.#tokens;
  }

  async save(tokens: Tokens | null): Promise<void> {
    this.#tokens = tokens;
    await this.#options.store.save(tokens);
  }

  refresh(): Promise<Tokens> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  #refresh(): Promise<Tokens> {
    return this.#options.exclusively('konferenco-refresh', async () => {
      const mine = this.#tokens;
      if (!mine) throw clientError('not_signed_in');
      const kept = await this.#options.store.load();
      if (kept && kept.refresh_token !== mine.refresh_token && kept.user.id === mine.user.id) {
        this.#tokens = kept;
        return kept;
      }
      const fresh = await this.#exchange(mine.refresh_token);
      await this.save(fresh);
      return fresh;
    });
  }

  async #exchange(refresh_token: string): Promise<Tokens> {
    try {
      return await this.#options.exchange(refresh_token);
    } catch (thrown) {
      const error = asError(thrown);
      if (endsSession(error)) {
        await this.save(null);
        this.#options.ended(error);
      }
      throw error;
    }
  }
}

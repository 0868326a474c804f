import { CLOSE_CODES, type User } from '@konferenco/protocol';
import type { Connection } from './connection.ts';
import { asError, clientError, KonferencoError } from './errors.ts';
import type { Identity } from './identity.ts';
import type { Inbox } from './inbox.ts';
import type { Keeper } from './kept/keeper.ts';
import type { Outbox } from './outbox.ts';
import type { Tabs } from './tabs/types.ts';
import type { Environment, Link, Rest } from './types.ts';

/** What `close` grants the outbox to empty itself. */
export const CLOSE_DRAIN_MS = 2_000;

export interface LifecycleParts {
  readonly connection: Connection;
  readonly identity: Identity;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly rest: Rest;
  readonly keeper: Pick<Keeper, 'kept' | 'forget'>;
  readonly environment: Pick<Environment, 'after'>;
  /** Loads what this device keeps of the person, and shows it. */
  readonly load: (person: string) => Promise<void>;
  /** Resolves when all that was kept is shown, also what nothing else waits for. */
  readonly shown: () => Promise<void>;
  /** Forgets conversations, list and subscriptions: they are another person's from now on. */
  readonly forget: () => void;
  readonly failed: (error: KonferencoError) => void;
  /** What shares this client's account with other programs of the device, if anything does. */
  readonly tabs: Pick<Tabs, 'signedOut' | 'close'> | undefined;
}

/** Signing in, connecting, leaving. */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  readonly #ready = Promise.withResolvers<void>();
  /** Whose data is loaded, or being loaded. */
  #loaded: { readonly person: string; readonly done: Promise<void> } | null = null;
  #connecting: PromiseWithResolvers<void> | null = null;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  /** Resolves when what this device keeps of the first person is loaded. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  async restore(): Promise<User | null> {
    const person = await this.#parts.identity.restore();
    if (person) await this.#load(person);
    return person;
  }

  async connect(): Promise<void> {
    const { connection, identity } = this.#parts;
    if (connection.link.kind === 'closed') throw clientError('closed');
    if (connection.link.kind === 'online') return;
    const person = identity.me ?? (await identity.restore());
    if (!person) throw clientError('not_signed_in');
    await this.#load(person);
    this.#connecting ??= Promise.withResolvers<void>();
    const { promise } = this.#connecting;
    connection.connect();
    return promise;
  }

  /** Settles who waits for the first connection. */
  link(link: Link): void {
    if (link.kind === 'signed_out' && link.code === CLOSE_CODES.token_revoked.code) {
      this.#parts.identity.forget().catch((thrown: unknown) => this.#parts.failed(asError(thrown)));
      this.#forget(false).catch((thrown: unknown) => this.#parts.failed(asError(thrown)));
    }
    if (link.kind === 'online') this.#connecting?.resolve();
    else if (link.kind === 'signed_out')
      this.#connecting?.reject(
        new KonferencoError({ code: refusalOf(link.code), error: 'signed_out', message: link.reason }),
      );
    else if (link.kind === 'closed') this.#connecting?.reject(clientError('closed'));
    else return;
    this.#connecting = null;
  }

  async signIn(credentials: { readonly name: string; readonly invite?: string }): Promise<User> {
    const person = await this.#parts.identity.signIn(credentials);
    await this.#load(person);
    return person;
  }

  async signOut(): Promise<void> {
    const { connection, identity, outbox, rest, failed } = this.#parts;
    try {
      if (identity.hasRest) await rest('signOut');
    } catch (thrown) {
      // Signing out here must work without a network; the server's session then ends by its own age.
      failed(asError(thrown));
    }
    outbox.clear();
    this.#parts.tabs?.signedOut();
    connection.signOut(CLOSE_CODES.token_revoked.code, 'You signed out.');
    await identity.forget();
    await this.#forget(true);
  }

  /** Takes up what other programs of this device left unsent. */
  async inherit(): Promise<void> {
    if (this.#loaded) await this.#loadOutbox();
  }

  /** The person signed out in another program of this device, which told the server. */
  signedOutElsewhere(): void {
    this.#parts.outbox.clear();
    this.#parts.connection.signOut(CLOSE_CODES.token_revoked.code, 'You signed out in another tab.');
  }

  async close(): Promise<void> {
    const { connection, inbox, outbox } = this.#parts;
    if (connection.link.kind === 'online') {
      await this.#drain();
      inbox.acknowledge();
    }
    connection.close();
    outbox.close();
    this.#parts.tabs?.close();
  }

  /** Shows what this device keeps of the person, once, and takes up what is unsent. */
  #load({ id: person }: User): Promise<void> {
    if (this.#loaded?.person === person) return this.#loaded.done;
    const { load, shown } = this.#parts;
    const done = load(person).then(() => this.#loadOutbox());
    this.#loaded = { person, done };
    // That it failed is told by `done`.
    done.then(shown).then(this.#ready.resolve, () => undefined);
    return done;
  }

  /** Forgets the person's data, here and in the store. */
  #forget(unsent: boolean): Promise<void> {
    this.#parts.forget();
    this.#loaded = null;
    return this.#parts.keeper.forget(unsent);
  }

  /** Resolves when the outbox is empty and everything is kept, or its time is over, and leaves no timer behind. */
  #drain(): Promise<void> {
    const { outbox, keeper, environment } = this.#parts;
    return new Promise((resolve) => {
      const cancel = environment.after(CLOSE_DRAIN_MS, resolve);
      void Promise.all([outbox.drained().then(() => keeper.kept.flush()), keeper.kept.flush()]).then(() => {
        cancel();
        resolve();
      });
    });
  }

  async #loadOutbox(): Promise<void> {
    try {
      await this.#parts.outbox.load();
    } catch (thrown) {
      this.#parts.failed(clientError('storage', thrown));
    }
  }
}

/** A close code that ends the sign-in, as a reply code of the same meaning; reply codes stay as they are. */
function refusalOf(code: number): number {
  if (code === CLOSE_CODES.banned.code) return 2104;
  if (code === CLOSE_CODES.token_revoked.code) return 2003;
  return code >= 4000 ? 2000 : code;
}

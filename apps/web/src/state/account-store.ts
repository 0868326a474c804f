import { type LocalStore, LocalStoreError, type OpenedStore, type StoreNotice } from '@konferenco/client/storage';

/** A store that becomes that of whoever is signed in. */
export interface AccountStore {
  readonly store: LocalStore;
  /** From now on it is this person's; `null`: nobody's, and nothing is kept. */
  use(user: string | null): void;
}

export interface AccountStoreOptions {
  /** What stores are here, as far as it is known before one is opened. */
  readonly kind: LocalStore['kind'];
  readonly open: (user: string) => Promise<OpenedStore>;
  /** What the person is to be told about their store. */
  readonly onNotice: (notice: StoreNotice | null) => void;
  /** A store that is no longer used could not be closed. */
  readonly onFault: (error: unknown) => void;
}

/**
 * The client is there before anybody has signed in, but a store belongs to one person: this one opens theirs as soon
 * as it is known who they are. What is asked before that is refused as `unavailable`.
 */
export function createAccountStore(options: AccountStoreOptions): AccountStore {
  let current: { readonly user: string; readonly opening: Promise<LocalStore> } | null = null;
  let { kind } = options;
  const opened = async (): Promise<LocalStore> => {
    if (current === null) throw new LocalStoreError('unavailable', 'Nobody is signed in.');
    return current.opening;
  };
  const leave = (): void => {
    current?.opening.then((store) => store.close()).catch(options.onFault);
    current = null;
  };
  return {
    store: {
      get kind() {
        return kind;
      },
      write: async (changes) => (await opened()).write(changes),
      get: async (table, key) => (await opened()).get(table, key),
      list: async (table, range) => (await opened()).list(table, range),
      drop: async (table, prefix) => (await opened()).drop(table, prefix),
      usage: async () => (await opened()).usage(),
      close: async () => leave(),
    },
    use(user) {
      if (user === (current?.user ?? null)) return;
      leave();
      if (user === null) return;
      const opening = options.open(user).then(({ store, notice }) => {
        kind = store.kind;
        if (current?.opening === opening) options.onNotice(notice);
        return store;
      });
      current = { user, opening };
    },
  };
}

import { shareTabs } from './share-tabs.ts';
import type { SharedTabs, ShareTabsOptions } from './shared-tabs.ts';
import type { TabSurroundings } from './surroundings.ts';
import { TabOutbox } from './tab-outbox.ts';
import type { TabHost, Tabs, TabSharing } from './types.ts';

/**
 * Sharing over the given surroundings; `null` makes every tab one of its own, as without sharing.
 *
 * @param join what joins the tabs, for tests that look at it
 */
export function tabSharing(
  surroundingsOf: (environment: TabHost['environment']) => TabSurroundings | null,
  join: (options: ShareTabsOptions) => SharedTabs = shareTabs,
): TabSharing {
  return (host) => {
    const surroundings = surroundingsOf(host.environment);
    return surroundings ? new Sharing(surroundings, host, join) : apart(host);
  };
}

/** Joins the tabs of whoever is signed in, and leaves them when that changes. */
class Sharing implements Tabs {
  readonly #surroundings: TabSurroundings;
  readonly #host: TabHost;
  readonly #outbox: TabOutbox;
  readonly #shareTabs: (options: ShareTabsOptions) => SharedTabs;
  #joined: { readonly account: string; readonly tabs: SharedTabs } | null = null;

  constructor(surroundings: TabSurroundings, host: TabHost, join: (options: ShareTabsOptions) => SharedTabs) {
    this.#surroundings = surroundings;
    this.#shareTabs = join;
    this.#host = host;
    this.#outbox = new TabOutbox({
      environment: surroundings.environment,
      tabs: () => this.#joined?.tabs ?? null,
      host,
    });
  }

  readonly openSocket: Tabs['openSocket'] = (url, protocol) => {
    const account = this.#host.account();
    if (account === null) return this.#surroundings.environment.openSocket(url, protocol);
    return this.#join(account).openSocket(url, protocol);
  };

  get waiting(): number {
    return this.#outbox.waiting;
  }

  outbox(store: Parameters<Tabs['outbox']>[0]): ReturnType<Tabs['outbox']> {
    const shared = this.#outbox.store(store);
    return {
      ...shared,
      load: () => {
        const account = this.#host.account();
        if (account !== null) this.#join(account).join();
        return shared.load();
      },
    };
  }

  tell(news: Parameters<Tabs['tell']>[0]): void {
    this.#outbox.tell(news);
  }

  discard(id: string): void {
    this.#outbox.discard(id);
  }

  reword(wish: Parameters<Tabs['reword']>[0]): boolean {
    return this.#outbox.reword(wish);
  }

  noteConflicts(): void {
    const tabs = this.#joined?.tabs;
    tabs?.post({ kind: 'conflicts', from: tabs.id });
  }

  signedOut(): void {
    const tabs = this.#joined?.tabs;
    tabs?.post({ kind: 'signed_out', from: tabs.id });
    this.close();
  }

  close(): void {
    this.#joined?.tabs.close();
    this.#joined = null;
    this.#outbox.clear();
  }

  #join(account: string): SharedTabs {
    if (this.#joined?.account === account) return this.#joined.tabs;
    this.close();
    const tabs = this.#shareTabs({
      name: account,
      surroundings: this.#surroundings,
      hear: (message) => {
        if (message.kind === 'signed_out') this.#host.signedOut();
        else if (message.kind === 'conflicts') this.#host.conflictsNoted();
        else this.#outbox.hear(message);
      },
      joined: () => this.#outbox.joined(),
      changed: () => this.#outbox.changed(),
      inherit: () => this.#host.inherit(),
    });
    this.#joined = { account, tabs };
    return tabs;
  }
}

/** No sharing. */
function apart({ environment }: TabHost): Tabs {
  return {
    openSocket: environment.openSocket,
    outbox: (store) => store,
    tell: () => {},
    discard: () => {},
    reword: () => false,
    waiting: 0,
    noteConflicts: () => {},
    signedOut: () => {},
    close: () => {},
  };
}

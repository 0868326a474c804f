/**
 * Version of everything tabs say to each other and of the names they meet under. Tabs of different versions never
 * meet: a page that was updated in one tab and not in another shares only with its like.
 */
const TAB_PROTOCOL = 1;

/** What makes programs of one device belong together: one account on one server. */
export function accountName(url: string, user: string): string {
  return `${url} ${user}`;
}

/** Locks of the tabs of one account, and their channel. */
export interface TabNames {
  /** Of the BroadcastChannel; locks begin with it. */
  readonly channel: string;
  /** Held by the program that has the connection. */
  readonly connection: string;
  /** Held by the one tab that takes the connection over. */
  readonly takeover: string;
  /** Held by a tab as long as it runs. */
  readonly tab: (id: string) => string;
}

export function tabNames(account: string): TabNames {
  const channel = `konferenco:${TAB_PROTOCOL}:${account}`;
  return {
    channel,
    connection: `${channel}:connection`,
    takeover: `${channel}:takeover`,
    tab: (id) => `${channel}:tab:${id}`,
  };
}

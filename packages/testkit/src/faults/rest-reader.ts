import type { Gap, InboxItem, Item, LogName } from '@konferenco/protocol';

export interface WholeLog {
  readonly first: number;
  readonly head: number;
  readonly items: readonly (Item & Partial<InboxItem>)[];
}

interface Page extends WholeLog {
  readonly has_more: boolean;
  readonly gap?: Gap;
}

/** Speaks REST to a demo system as whoever is named. */
export class RestReader {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @throws {Error} with the server's words when it answers with an error. */
  async ask<T>(user: string, request: string, body?: unknown): Promise<T> {
    const [method = 'GET', path = '/'] = request.split(' ');
    const response = await fetch(new URL(path, this.#url), {
      method,
      headers: { authorization: `Bearer ${user}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${request} as ${user}: ${response.status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  }

  /** All of a log, as `user` may read it. */
  async readAll(user: string, log: LogName): Promise<WholeLog> {
    const items: (Item & Partial<InboxItem>)[] = [];
    for (let after = 0; ; ) {
      const path = `GET /api/logs/${encodeURIComponent(log)}?after=${after}&limit=100`;
      const page = await this.ask<Page>(user, path);
      items.push(...page.items);
      const last = page.items.at(-1);
      if (!page.has_more || !last) return { first: page.first, head: page.head, items };
      after = last.inbox ?? last.offset;
    }
  }
}

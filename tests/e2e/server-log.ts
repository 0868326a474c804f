import type { TestServer } from '@konferenco/testkit';

/** A message as the server's log has it. */
export interface Logged {
  readonly offset: number;
  readonly id: string;
  readonly from: string;
  readonly subtype: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

interface Page {
  readonly items: readonly {
    readonly offset: number;
    readonly envelope?: {
      readonly id: string;
      readonly from: { readonly user_id: string };
      readonly subtype: string;
      readonly payload: Readonly<Record<string, unknown>>;
    };
  }[];
  readonly has_more: boolean;
}

/** Calls the REST surface as somebody; the demo takes a name for a token. */
export async function ask(server: TestServer, user: string, path: string, init: RequestInit = {}): Promise<unknown> {
  const headers = { Authorization: `Bearer ${user}`, ...(init.body ? { 'Content-Type': 'application/json' } : {}) };
  const answer = await fetch(`${server.httpUrl}/api${path}`, { ...init, headers });
  if (!answer.ok)
    throw new Error(`${init.method ?? 'GET'} ${path} as ${user}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** All that the log holds, in its order, as somebody who may read it sees it. */
export async function logOf(server: TestServer, user: string, log: string): Promise<readonly Logged[]> {
  const all: Logged[] = [];
  for (let after = 0, more = true; more; ) {
    const page = (await ask(server, user, `/logs/${log}?after=${after}&limit=100`)) as Page;
    for (const { offset, envelope } of page.items) {
      after = offset;
      if (!envelope) continue;
      const { id, from, subtype, payload } = envelope;
      all.push({ offset, id, from: from.user_id, subtype, payload });
    }
    more = page.has_more;
  }
  return all;
}

/** Texts of one person in a log that match, in the log's order. */
export async function textsOf(
  server: TestServer,
  user: string,
  log: string,
  pattern: RegExp,
): Promise<readonly string[]> {
  return (await logOf(server, user, log)).flatMap(({ from, payload }) => {
    const text = payload['text'];
    return from === user && typeof text === 'string' && pattern.test(text) ? [text] : [];
  });
}

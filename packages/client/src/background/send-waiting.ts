import type { Tokens } from '@konferenco/protocol';
import { clientError } from '../errors.ts';
import { serverError } from '../server-errors.ts';
import { accountName, tabNames } from '../tabs/lock-names.ts';
import type { TabLocks } from '../tabs/surroundings.ts';
import { Credentials } from '../tokens.ts';
import type { Environment, OutboxEntry } from '../types.ts';
import { drain, type DrainEnd } from './drain.ts';
import { postEntries, postJson } from './post-entries.ts';

/** After this a request is taken to have reached nobody. */
const REQUEST_MS = 20_000;

/** The sign-in as a program without a page may use it: read, and renewed where it still stands. */
export interface RenewableTokens {
  load(): Promise<Tokens | null>;
  /** Puts `tokens` in the place of those with this refresh token; false when they are not there any more. */
  replace(refresh_token: string, tokens: Tokens): Promise<boolean>;
}

/** What this device's outbox holds for one person. */
export interface WaitingOutbox {
  /** Entries, and what was noted before; `null`: nothing is kept here that this program can read. */
  load(): Promise<{ readonly entries: readonly OutboxEntry[]; readonly settled: readonly string[] } | null>;
  /** Keeps what is settled, in place of what was noted before. */
  note(settled: readonly string[]): Promise<void>;
}

export interface SendWaitingOptions {
  /** Base address of the server, as the page's client is given it. */
  readonly url: string;
  readonly tokens: RenewableTokens;
  readonly outbox: (user: string) => WaitingOutbox;
  readonly locks: TabLocks;
  readonly environment: Pick<Environment, 'now' | 'after' | 'random' | 'fetch' | 'exclusively'>;
}

/**
 * What came of a wake-up:
 * - `done`: nothing waits that could be sent without a page
 * - `pages`: something waits, and a page is open, which sends it
 * - `later`: something waits that could not be sent now
 */
export type WakeEnd = 'done' | 'pages' | 'later';

/**
 * Sends what waits in the device's outbox while no page is open. Entries stay there: the page sends them again at its
 * next start, under the same ids, and files them by the answers; so whatever was refused for good is told by it, too.
 * Two senders at one time are harmless for the same reason. Rejects when the device's store cannot be read.
 */
export async function sendWaiting(options: SendWaitingOptions): Promise<WakeEnd> {
  const tokens = await options.tokens.load();
  if (tokens === null) return 'done';
  const user = tokens.user.id;
  const outbox = options.outbox(user);
  const kept = await outbox.load();
  const before = new Set(kept?.settled);
  const [noted, waiting] = [[] as OutboxEntry[], [] as OutboxEntry[]];
  for (const entry of kept?.entries ?? []) (before.has(noteOf(entry)) ? noted : waiting).push(entry);
  if (waiting.length === 0) return 'done';
  waiting.sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
  const { end, settled } = await withConnection(user, options, (isStopped) =>
    drain(waiting, { ...sender(options), environment: options.environment, isStopped }),
  );
  // Without a note they are sent once more, under their ids.
  if (settled.length > 0) await outbox.note([...noted, ...settled].map(noteOf)).catch(() => {});
  return end === 'stopped' ? 'pages' : end;
}

/** A message that the person tries again has its id of before, and another time. */
function noteOf({ id, created_at }: OutboxEntry): string {
  return `${id} ${created_at}`;
}

interface Sent {
  readonly end: DrainEnd;
  readonly settled: readonly OutboxEntry[];
}

/**
 * Runs `work` with the connection's lock, unless a page runs or holds it. A page that opens meanwhile is noticed before the
 * next request; one that does not want to wait takes the lock away.
 */
async function withConnection(
  user: string,
  { url, locks }: SendWaitingOptions,
  work: (isStopped: () => Promise<boolean>) => Promise<Sent>,
): Promise<Sent> {
  const names = tabNames(accountName(url, user));
  let isStolen = false;
  const isStopped = async (): Promise<boolean> =>
    isStolen || (await locks.held()).some((name) => name.startsWith(names.tab('')));
  let sending: Promise<Sent> = Promise.resolve({ end: 'stopped', settled: [] });
  if (await isStopped()) return sending;
  await locks
    .request(names.connection, { ifAvailable: true }, async (lock) => {
      if (lock === null) return;
      sending = work(isStopped);
      await sending;
    })
    .catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== 'AbortError') throw error;
      isStolen = true;
    });
  return sending;
}

/** How entries leave, and how the credentials for it stay fresh. */
function sender({ url, tokens, environment: given }: SendWaitingOptions) {
  const environment = { ...given, fetch: bounded(given) };
  let used = '';
  let isFresh = false;
  const credentials = new Credentials({
    store: {
      load: () => tokens.load(),
      // A refused sign-in stays for the page to tell of, and one that ended meanwhile stays ended.
      save: async (fresh) => {
        if (fresh !== null && !(await tokens.replace(used, fresh))) throw clientError('not_signed_in');
      },
    },
    async exchange(refresh_token) {
      used = refresh_token;
      const request = { url, fetch: environment.fetch, body: JSON.stringify({ refresh_token }) };
      return JSON.parse(await postJson('/api/session/refresh', { ...request, answer: 'application/json' })) as Tokens;
    },
    exclusively: environment.exclusively,
    ended: () => {},
  });
  return {
    async refresh() {
      await credentials.refresh();
      isFresh = true;
    },
    async post(entries: readonly OutboxEntry[]) {
      const current = await credentials.load();
      if (current === null) throw clientError('not_signed_in');
      const { access_token, device_id, expires_at } = current;
      // By this device's clock, which may be ahead: fresh credentials are tried whatever it says.
      if (!isFresh && expires_at <= environment.now()) throw serverError('unauthenticated');
      return postEntries(entries, { url, token: access_token, device_id, fetch: environment.fetch });
    },
  };
}

function bounded({ fetch, after }: SendWaitingOptions['environment']): Environment['fetch'] {
  return async (address, init) => {
    const end = new AbortController();
    const cancel = after(REQUEST_MS, () => end.abort());
    try {
      const response = await fetch(address, { ...init, signal: end.signal });
      // The answer is short: its time counts too.
      const { status, statusText, headers } = response;
      return new Response(await response.text(), { status, statusText, headers });
    } finally {
      cancel();
    }
  };
}

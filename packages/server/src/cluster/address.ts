import type { Context } from '../accounts/context.ts';
import type { Cookies } from '../http/handler.ts';
import type { Cluster } from './cluster.ts';

/** Names the node a person was sent to last; a proxy in front may route sockets by it (S3). */
export const NODE_COOKIE = 'konferenco_ws_node';
/** How long people stay with a node, and with it the cookie. */
const STICKY_S = 3_600;

/** Nodes a client may ask to be kept from; it has tried no more since it was last connected. */
const MOST_AVOIDED = 4;

export interface AddressRequest {
  readonly user: string;
  /** `http(s)://host[:port]` under which the caller reached this server. */
  readonly origin: string;
  readonly cookies: Cookies;
  /** Nodes the caller could not reach a moment ago. */
  readonly avoid?: readonly string[] | undefined;
}

/**
 * Where a person's socket goes. A node that is chosen is remembered in a cookie for one hour, which the choice does not
 * renew: after it people may be shared out anew.
 */
export async function addressFor(
  { cluster, context }: { readonly cluster?: Pick<Cluster, 'place'>; readonly context: Context },
  { user, origin, cookies, avoid }: AddressRequest,
): Promise<{ readonly url: string; readonly node?: string }> {
  const at = (base: string) => `${base.replace(/^http/, 'ws')}/ws`;
  if (!cluster) return { url: at(origin) };
  const place = cluster.place({
    user,
    event: await latestEvent(context, user),
    sticky: cookies.get(NODE_COOKIE),
    avoid: avoid?.slice(-MOST_AVOIDED),
  });
  const { node, isChoice, isSticky } = place;
  if (node !== null && isChoice && !isSticky)
    cookies.set(NODE_COOKIE, node, { maxAge_s: STICKY_S, secure: origin.startsWith('https:') });
  return { url: at(place.url ?? origin), ...(node !== null && isChoice ? { node } : {}) };
}

/** The newest event somebody belongs to: the one they are most likely to come for. */
async function latestEvent({ directory, demoEvent }: Context, user: string): Promise<string | undefined> {
  const known = await directory.eventsOf(user);
  const events = await Promise.all(
    known.map(async (id) => ({ id, created_at: (await directory.event(id))?.created_at ?? 0 })),
  );
  const [latest] = events.sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1));
  return latest?.id ?? demoEvent;
}

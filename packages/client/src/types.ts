import type {
  Attachment,
  Gap,
  Item,
  InboxItem,
  LogName,
  PresenceStatus,
  RouteBody,
  OperatorRouteName,
  RouteName,
  RouteQuery,
  RouteResponse,
  User,
} from '@konferenco/protocol';
import type { ConversationList } from './conversation-list-types.ts';
import type { DeviceUsage, KeepLimits, People } from './kept/types.ts';
import type { LocalStore, LocalStoreFault } from './storage/local-store.ts';
import type { Publication, Receipt, SendOptions, Written } from './send-types.ts';
import type { OutboxStore, TokenStore } from './storage/stores.ts';
import type { Conflict, ReplicatedState } from './sync/types.ts';
import type { TabSharing } from './tabs/types.ts';
import type { RouteAddress } from './routes.ts';

export type { ConversationList, ConversationSummary } from './conversation-list-types.ts';
export type { Publication, Receipt, SendOptions, Written } from './send-types.ts';
export type { OutboxEntry, OutboxStore, TokenStore } from './storage/stores.ts';

/** State of the link, as a person should be told it. */
export type Link =
  | { readonly kind: 'connecting'; readonly attempt: number }
  /** With `transport`, over requests because no WebSocket gets through: by an event stream or by polling, and slower. */
  | { readonly kind: 'online'; readonly transport?: 'sse' | 'poll' }
  /** Not connected; the next try is at `retry_at` (Unix ms). */
  | { readonly kind: 'waiting'; readonly retry_at: number; readonly attempt: number }
  /** The device says that it has no network. */
  | { readonly kind: 'offline' }
  /** Will not come back by itself: signed out, banned, or the credentials are gone. */
  | { readonly kind: 'signed_out'; readonly code: number; readonly reason: string }
  | { readonly kind: 'closed' };

/**
 * Where a message of one's own is: being saved on this device, waiting here, on its way, on the server's disk, read by
 * the other, or refused. `queued` with the error `storage` waits in memory alone, because this device could not keep it.
 */
export type MessageState = 'saving' | 'queued' | 'sent' | 'stored' | 'read' | 'failed';

/** Why a message was not accepted, and from when a retry makes sense (Unix ms). */
export interface SendError {
  readonly code: number;
  readonly error: string;
  readonly message: string;
  readonly retry_at?: number;
}

/** A message after its edits, deletion and reactions were applied. Immutable: a change makes a new object. */
export interface Message {
  readonly kind: 'message';
  readonly id: string;
  readonly log: LogName;
  /** `null` until the server stored it. */
  readonly offset: number | null;
  readonly sender: string;
  readonly text: string;
  readonly mentions: readonly string[];
  /** When it was written, by the sender's clock (Unix ms). */
  readonly timestamp: number;
  readonly edited: boolean;
  /** Files it carries; absent when there are none, and once it is gone. */
  readonly attachments?: readonly Attachment[];
  readonly gone?: 'erased' | 'expired' | 'damaged';
  readonly reply_to?: string;
  /** Root of the thread, on replies. */
  readonly thread?: string;
  /** Replies known to this client, on roots. */
  readonly replies: number;
  readonly reactions: readonly { readonly emoji: string; readonly users: readonly string[] }[];
  readonly state: MessageState;
  readonly error?: SendError;
  /**
   * Written while its author was offline and stored more than a minute later: it stands where it was written, not
   * where it arrived. When it was written, by the author's clock, and when it was stored, by the server's (Unix ms).
   */
  readonly placed_late?: { readonly written_at: number; readonly arrived_at: number };
}

/** A hole in the timeline, said openly: trimmed, lost to damage, or skipped because too much was said (fetch on demand). */
export interface TimelineGap {
  readonly kind: 'gap';
  readonly from: number;
  readonly to: number;
  readonly reason: Gap['reason'] | 'skipped';
  /** With `skipped`: not on this device, and there was no network to fetch it; comes by itself with the connection. */
  readonly offline?: true;
}

export type TimelineEntry = Message | TimelineGap;

/** What a conversation shows now. Immutable; a new object on every change, so `===` tells whether to render. */
export interface ConversationState {
  readonly log: LogName;
  /** Oldest first; own unsent messages at the end. Thread replies are not among them. */
  readonly timeline: readonly TimelineEntry[];
  readonly has_older: boolean;
  readonly loading: boolean;
  /** Users typing now, without oneself. */
  readonly typing: readonly string[];
  /** One's own read mark, and the other person's in a direct conversation. */
  readonly read: number;
  readonly peer_read: number;
  readonly unread: number;
  /** Unread messages that mention me. */
  readonly mentions: number;
  /**
   * Ids of unread messages that stand among read ones, because they were written earlier and arrived late. One whose
   * place is not loaded yet is not in the timeline before `loadOlder` has reached it.
   */
  readonly late_above: readonly string[];
}

/** A channel or a direct conversation. Obtained from the client; the same object for the same log. */
export interface Conversation {
  readonly log: LogName;
  state(): ConversationState;
  /** Calls `fn` after each change. Returns what ends it. */
  subscribe(fn: () => void): () => void;
  /**
   * Starts live delivery and loads the newest page; idempotent. Closing stops the delivery of channels. Resolves once
   * the page is here: from this device where it is kept, otherwise from the server, also when that takes until the next
   * connection, or when closed meanwhile; rejects with {@link KonferencoError} when the server refuses.
   */
  open(): Promise<void>;
  close(): void;
  loadOlder(): Promise<void>;
  /** Fetches the entries a gap of reason `skipped` left out. */
  fill(gap: TimelineGap): Promise<void>;
  /** Puts a message into the outbox. Resolves when it is durable on the server; rejects with {@link KonferencoError} when it is refused for good. */
  send(text: string, options?: SendOptions): Promise<Receipt>;
  /** The place of a message that is written now and sent later. */
  written(): Written;
  /**
   * Changes what an own message says. One that waits is changed before it is sent, or, when the server may have it, by an
   * edit behind it. Rejects with `discarded` when the message is discarded before.
   */
  edit(id: string, text: string, options?: Pick<SendOptions, 'mentions'>): Promise<Receipt>;
  remove(id: string): Promise<Receipt>;
  react(id: string, emoji: string, op: 'add' | 'remove'): Promise<Receipt>;
  /** Tries a failed message again; drops a failed or still queued one. */
  retry(id: string): void;
  discard(id: string): void;
  /** Says "read up to the newest"; sent at most once a second. */
  markRead(): void;
  /** Says that the person is typing; repeats and ends by itself. */
  typing(): void;
  /** Replies of one thread, oldest first, live while subscribed. */
  thread(root: string): Thread;
}

export interface Thread {
  readonly root: string;
  state(): { readonly timeline: readonly TimelineEntry[]; readonly loading: boolean };
  subscribe(fn: () => void): () => void;
  open(): Promise<void>;
}

export interface ClientOptions {
  /** Base address of the server, `http(s)://host[:port]`; the socket's address follows from it. */
  readonly url: string;
  /** Existing sign-in. Without it call `signIn` before `connect`. */
  readonly tokens?: TokenStore;
  /** Bare-name sign-in by `?token=NAME` against a demo or test server, without REST. */
  readonly demoUser?: string;
  readonly device_id?: string;
  readonly outbox?: OutboxStore;
  /** Where this device keeps what it knows, and the outbox; without it nothing is kept. The caller opens and closes it. */
  readonly store?: LocalStore;
  /** How much the store keeps at the most; default: 100,000 entries or 200 MB, in a store in memory 2,000 or 4 MB. Unsent messages are not counted and never dropped. */
  readonly keep?: Partial<KeepLimits>;
  /** Name and version of the program, for the operator's logs. */
  readonly program?: string;
  /** Lets several programs that share the stores above, such as a browser's tabs, share one connection too. */
  readonly tabs?: TabSharing;
  /** Replaced in tests and simulations. */
  readonly environment?: Partial<Environment>;
}

/** What the SDK needs of its surroundings; the defaults are the platform's own. */
export interface Environment {
  readonly now: () => number;
  readonly after: (ms: number, fn: () => void) => () => void;
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  readonly openSocket: (url: string, protocol: string) => Socket;
  /** Runs `fn` while no other program on this device runs one of the same name; default: the Web Locks API where there is one. */
  readonly exclusively: <T>(name: string, fn: () => Promise<T>) => Promise<T>;
  /** The device's own opinion about the network; `subscribe` is told of changes. */
  readonly network: { readonly online: () => boolean; readonly subscribe: (fn: () => void) => () => void };
  /** Whether a person can see the program; without it, always. */
  readonly visible?: () => boolean;
}

/** The part of a WebSocket the SDK uses. An end with 1006 and the reason `broken off` came without a closing frame. */
export interface Socket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: (() => void) | null;
  onmessage: ((text: string) => void) | null;
  onclose: ((code: number, reason: string) => void) | null;
  /** Bytes handed over but not yet sent. */
  readonly buffered: number;
}

export interface PresenceView {
  /** Last known status; `offline` when never told otherwise. */
  status(user: string): PresenceStatus;
  /** People in a watched channel right now; `null` before the first word. */
  count(channel: string): number | null;
  subscribe(fn: () => void): () => void;
  /** Replaces what is watched. */
  watch(what: { readonly channels?: readonly string[]; readonly users?: readonly string[] }): void;
  set(status: 'online' | 'away' | 'busy'): void;
}

/** Everything a client is told, by event name. */
export interface ClientEvents {
  link: Link;
  /** Somebody signed in or out here; `null`: nobody is signed in. */
  me: User | null;
  /** Number of messages waiting in the outbox, after each change. */
  waiting: number;
  /**
   * An entry arrived, live or by catching up, once per (log, offset), in order within its log; only a mention in a
   * channel that was skipped, or from before it was followed, may come after newer entries.
   */
  message: { readonly log: LogName; readonly item: Item | InboxItem };
  /** The inbox caught up after (re)connecting; `items` are the entries that had been missed, in order. */
  sync: { readonly items: readonly InboxItem[] };
  /** Something about a channel, membership, profile or block changed. */
  changed: { readonly what: 'channel' | 'membership' | 'profile' | 'blocks'; readonly id: string };
  /** The device's store could not do something; told once per fault. What is shown goes on from memory. */
  storage: { readonly fault: LocalStoreFault; readonly message: string };
  /** A reply error that belongs to no call. */
  error: KonferencoErrorLike;
  /** Something written here met something written elsewhere; told once, and kept in `conflicts` until it is put away. */
  conflict: Conflict;
}
export interface KonferencoErrorLike {
  readonly code: number;
  readonly error: string;
  readonly message: string;
  readonly retry_after_ms?: number;
}

/** Typed access to the REST surface; path parameters come in `params`. */
export type Rest = <N extends RouteName>(
  /** A name; or, of a part that is loaded when it is needed, the address itself. */
  route: Exclude<N, OperatorRouteName> | RouteAddress,
  request?: {
    readonly params?: Readonly<Record<string, string>>;
    readonly query?: RouteQuery<N>;
    readonly body?: RouteBody<N>;
    readonly signal?: AbortSignal;
  },
) => Promise<RouteResponse<N>>;

export interface Client extends ReplicatedState {
  readonly link: Link;
  /** `null` before signing in. */
  readonly me: User | null;
  readonly presence: PresenceView;
  readonly rest: Rest;
  signIn(credentials: { readonly name: string; readonly invite?: string }): Promise<User>;
  /** Ends the session and removes everything kept here of the person, unsent messages too: see `waiting` before. */
  signOut(): Promise<void>;
  /**
   * Resolves when all that this device keeps of the person is loaded, after `restore`, `signIn` or `connect`; the
   * programme, meetings and the like too, for which those three do not wait.
   */
  readonly ready: Promise<void>;
  /** Names without a network; with a `store`. */
  readonly people: People;
  usage(): Promise<DeviceUsage>;
  /** Restores a kept sign-in and loads what this device keeps; `null` when there is none. Needs no network. */
  restore(): Promise<User | null>;
  /** Resolves at the first `online`; reconnects by itself from then on. */
  connect(): Promise<void>;
  /** Skips the wait before the next try. */
  reconnectNow(): void;
  /** Sends what can still be sent, acknowledges the inbox, closes. */
  close(): Promise<void>;
  on<E extends keyof ClientEvents>(event: E, fn: (value: ClientEvents[E]) => void): () => void;
  channel(id: string): Conversation;
  direct(user: string): Conversation;
  /** Publishes at once or not at all, for what is worth nothing later. Rejects with {@link KonferencoError}, as `disconnected`. */
  publish(said: Publication): Promise<Receipt>;
  /** My conversation list: joined channels and people, with unread counts kept up to date. */
  readonly conversations: ConversationList;
  /** Number of messages waiting in the outbox. */
  readonly waiting: number;
}

import type { ReplyOf, Tokens, User } from '@konferenco/protocol';
import { asError, clientError, type KonferencoError } from './errors.ts';
import type { Emitter } from './events.ts';
import type { Wire } from './request.ts';
import type { Credentials } from './tokens.ts';
import type { ClientEvents, ClientOptions, Environment, Rest } from './types.ts';

/** Renew when this share of the credentials' remaining life is over; the rest is for tries that fail. */
const RENEW_AT = 0.75;
const RENEW_MIN_MS = 1_000;

export interface IdentityParts {
  readonly options: Pick<ClientOptions, 'url' | 'demoUser' | 'device_id'>;
  readonly environment: Pick<Environment, 'after' | 'random'>;
  readonly credentials: Credentials;
  readonly rest: Rest;
  readonly wire: Wire;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  readonly failed: (error: KonferencoError) => void;
  readonly events: Emitter<ClientEvents>;
}

/** Who this client is, where its socket goes, and how its credentials stay fresh. */
export class Identity {
  readonly #parts: IdentityParts;
  #me: User | null;
  #device: string | undefined;
  #cancelRenewal: () => void = () => {};
  /** Nodes the socket was to go to since a connection last stood. */
  #tried: string[] = [];
  /** The node that answered the last hello. */
  #node = '';

  constructor(parts: IdentityParts) {
    const { demoUser, device_id } = parts.options;
    this.#parts = parts;
    this.#me = demoUser === undefined ? null : { id: demoUser, name: demoUser };
    this.#device = device_id;
  }

  get me(): User | null {
    return this.#me;
  }

  get device(): string | undefined {
    return this.#device;
  }

  /** False for a bare-name sign-in, which has no tokens and therefore no REST. */
  get hasRest(): boolean {
    return this.#parts.credentials.current !== null;
  }

  /** @throws {KonferencoError} `not_signed_in` */
  requireMe(): User {
    if (!this.#me) throw clientError('not_signed_in');
    return this.#me;
  }

  async restore(): Promise<User | null> {
    if (this.#parts.options.demoUser === undefined) this.#take(await this.#parts.credentials.load());
    return this.#me;
  }

  async signIn(credentials: { readonly name: string; readonly invite?: string }): Promise<User> {
    const device_id = this.#parts.options.device_id;
    const tokens = await this.#parts.rest('signIn', {
      body: { ...credentials, ...(device_id === undefined ? {} : { device_id }) },
    });
    await this.#parts.credentials.save(tokens);
    this.#take(tokens);
    return tokens.user;
  }

  /** Forgets the credentials here. */
  async forget(): Promise<void> {
    this.#cancelRenewal();
    this.#be(null);
    await this.#parts.credentials.save(null);
  }

  /** The socket's address with what opens it: of a node, and after two that could not be reached, where requests go too. */
  async address(refresh: boolean): Promise<string> {
    const { url, demoUser } = this.#parts.options;
    if (demoUser !== undefined) return socketUrl('/ws', url, { token: demoUser });
    if (refresh) await this.#parts.credentials.refresh();
    const avoid = this.#tried.join() || undefined;
    const { url: socket, node, ticket } = await this.#parts.rest('connect', { query: { avoid } });
    const isLost = this.#tried.length > 1;
    if (node) this.#tried = [...this.#tried.slice(-3), node];
    return socketUrl(isLost ? '/ws' : socket, url, { ticket });
  }

  /** Where requests go, and what authorises them. */
  async access(refresh: boolean): Promise<{ readonly url: string; readonly token: string }> {
    const { options, credentials, now } = this.#parts;
    if (options.demoUser !== undefined) return { url: options.url, token: options.demoUser };
    const current = refresh || (credentials.current?.expires_at ?? 0) <= now() ? null : credentials.current;
    return { url: options.url, token: (current ?? (await credentials.refresh())).access_token };
  }

  greeted(hello: Pick<ReplyOf<'hello'>, 'user_id' | 'device_id' | 'node' | 'expires_at' | 'server_time'>): void {
    this.#tried = [];
    this.#node = hello.node;
    if (this.#me?.id !== hello.user_id) this.#be({ id: hello.user_id, name: this.#me?.name ?? hello.user_id });
    this.#device = hello.device_id;
    this.#planRenewal(hello.expires_at, hello.server_time);
  }

  lost(): void {
    this.#cancelRenewal();
  }

  /** The others may take seconds to miss a node that is gone. */
  brokeOff(): void {
    this.#tried = [this.#node];
  }

  /** New credentials for the running connection. Rejects when they cannot be had. */
  async renew(): Promise<void> {
    const { access_token } = await this.#parts.credentials.refresh();
    const { expires_at } = await this.#parts.wire.ask('auth', { token: access_token });
    this.#planRenewal(expires_at, this.#parts.now());
  }

  #take(tokens: Tokens | null): void {
    if (!tokens) return;
    this.#device = tokens.device_id;
    this.#be(tokens.user);
  }

  #be(me: User | null): void {
    this.#me = me;
    this.#parts.events.emit('me', me);
  }

  #planRenewal(expires_at: number | null, now: number): void {
    this.#cancelRenewal();
    if (expires_at === null || this.#parts.options.demoUser !== undefined) return;
    const share = RENEW_AT + this.#parts.environment.random() * 0.1;
    const wait = Math.max(RENEW_MIN_MS, (expires_at - now) * share);
    this.#cancelRenewal = this.#parts.environment.after(wait, () => {
      this.renew().catch((thrown: unknown) => {
        const error = asError(thrown);
        // When it stays so the server closes with "token expired", and the reconnect refreshes first.
        if (error.recourse !== 'later') this.#parts.failed(error);
      });
    });
  }
}

function socketUrl(address: string, base: string, query: Readonly<Record<string, string>>): string {
  const url = new URL(address, base);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

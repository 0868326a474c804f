import type { Tokens, User } from '@konferenco/protocol';
import { asError, clientError, type KonferencoError } from './errors.ts';
import type { Wire } from './request.ts';
import type { Credentials } from './tokens.ts';
import type { ClientOptions, Environment, Rest } from './types.ts';

/** Renew when this share of the credentials' remaining life is over; the rest is for tries that fail. */
const RENEW_AT = 0.75;
const RENEW_MIN_MS = 1_000;

export interface IdentityOptions {
  readonly client: Pick<ClientOptions, 'url' | 'demoUser' | 'device_id'>;
  readonly environment: Pick<Environment, 'after' | 'random'>;
  readonly credentials: Credentials;
  readonly rest: Rest;
  readonly wire: Wire;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  readonly failed: (error: KonferencoError) => void;
  readonly changed: (me: User | null) => void;
}

/** Who this client is, where its socket goes, and how its credentials stay fresh. */
export class Identity {
  readonly #options: IdentityOptions;
  #me: User | null;
  #device: string | undefined;
  #cancelRenewal: () => void = () => {};

  constructor(options: IdentityOptions) {
    const { demoUser, device_id } = options.client;
    this.#options = options;
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
    return this.#options.credentials.current !== null;
  }

  /** @throws {KonferencoError} `not_signed_in` */
  requireMe(): User {
    if (!this.#me) throw clientError('not_signed_in');
    return this.#me;
  }

  async restore(): Promise<User | null> {
    if (this.#options.client.demoUser === undefined) this.#take(await this.#options.credentials.load());
    return this.#me;
  }

  async signIn(credentials: { readonly name: string; readonly invite?: string }): Promise<User> {
    const device_id = this.#options.client.device_id;
    const tokens = await this.#options.rest('signIn', {
      body: { ...credentials, ...(device_id === undefined ? {} : { device_id }) },
    });
    await this.#options.credentials.save(tokens);
    this.#take(tokens);
    return tokens.user;
  }

  /** Forgets the credentials here. */
  async forget(): Promise<void> {
    this.#cancelRenewal();
    this.#be(null);
    await this.#options.credentials.save(null);
  }

  /** The socket's address with what opens it. */
  async address(refresh: boolean): Promise<string> {
    const { url, demoUser } = this.#options.client;
    if (demoUser !== undefined) return socketUrl('/ws', url, { token: demoUser });
    if (refresh) await this.#options.credentials.refresh();
    const ticket = await this.#options.rest('connect');
    return socketUrl(ticket.url, url, { ticket: ticket.ticket });
  }

  /** Where requests go, and what authorises them. */
  async access(refresh: boolean): Promise<{ readonly url: string; readonly token: string }> {
    const { client, credentials, now } = this.#options;
    if (client.demoUser !== undefined) return { url: client.url, token: client.demoUser };
    const current = refresh || (credentials.current?.expires_at ?? 0) <= now() ? null : credentials.current;
    return { url: client.url, token: (current ?? (await credentials.refresh())).access_token };
  }

  greeted(hello: { user_id: string; device_id: string; expires_at: number | null; server_time: number }): void {
    if (this.#me?.id !== hello.user_id) this.#be({ id: hello.user_id, name: this.#me?.name ?? hello.user_id });
    this.#device = hello.device_id;
    this.#planRenewal(hello.expires_at, hello.server_time);
  }

  lost(): void {
    this.#cancelRenewal();
  }

  /** New credentials for the running connection. Rejects when they cannot be had. */
  async renew(): Promise<void> {
    const { access_token } = await this.#options.credentials.refresh();
    const { expires_at } = await this.#options.wire.ask('auth', { token: access_token });
    this.#planRenewal(expires_at, this.#options.now());
  }

  #take(tokens: Tokens | null): void {
    if (!tokens) return;
    this.#device = tokens.device_id;
    this.#be(tokens.user);
  }

  #be(me: User | null): void {
    this.#me = me;
    this.#options.changed(me);
  }

  #planRenewal(expires_at: number | null, now: number): void {
    this.#cancelRenewal();
    if (expires_at === null || this.#options.client.demoUser !== undefined) return;
    const share = RENEW_AT + this.#options.environment.random() * 0.1;
    const wait = Math.max(RENEW_MIN_MS, (expires_at - now) * share);
    this.#cancelRenewal = this.#options.environment.after(wait, () => {
      this.renew().catch((thrown: unknown) => {
        const error = asError(thrown);
        // When it stays so the server closes with "token expired", and the reconnect refreshes first.
        if (error.recourse !== 'later') this.#options.failed(error);
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

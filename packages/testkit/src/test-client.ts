import { type Client, type Conversation, createClient, type Receipt } from '@konferenco/client';
import type { Envelope, InboxItem, Item, LogName } from '@konferenco/protocol';

export interface TestClientOptions {
  readonly userId: string;
  /** The same for every connection of a user unless given, so that the inbox goes on where it was. */
  readonly deviceId?: string;
  /** Called once the inbox has caught up after connecting, with the messages missed, oldest first. */
  readonly onSync?: (messages: readonly TestMessage[]) => void;
}

/** A message as a test sees it. */
export interface TestMessage extends Envelope {
  readonly log: LogName;
  readonly offset: number;
  readonly payload: { readonly text?: string } & Record<string, unknown>;
}

/** A person with one device: the SDK, with the waiting and counting that tests need. */
export class TestClient {
  readonly userId: string;
  /** The SDK's client underneath, for everything that has no shorthand here. */
  readonly sdk: Client;
  readonly #listeners = new Set<(message: TestMessage) => void>();
  /** Messages nobody has waited for yet, oldest first. */
  readonly #unread: TestMessage[] = [];
  readonly #opened = new Map<LogName, Conversation>();

  /** @param url `server.url` of a test server. */
  static async connect(url: string, options: TestClientOptions): Promise<TestClient> {
    const client = new TestClient(url, options);
    await client.sdk.connect();
    return client;
  }

  private constructor(url: string, { userId, deviceId, onSync }: TestClientOptions) {
    this.userId = userId;
    const http = new URL(url.replace(/^ws/, 'http')).origin;
    this.sdk = createClient({ url: http, demoUser: userId, device_id: deviceId ?? `${userId}-device` });
    if (onSync) this.sdk.on('sync', ({ items }) => this.#synced(items, onSync));
    this.sdk.on('message', ({ log, item }) => {
      for (const message of asMessage(log, item)) this.#arrived(message);
    });
  }

  /** Resolves when the message is on the server's disk. */
  sendDirectMessage(userId: string, { text }: { readonly text: string }): Promise<Receipt> {
    return this.sdk.direct(userId).send(text);
  }

  /** Resolves when the message is on the server's disk. */
  sendChannelMessage(channelId: string, { text }: { readonly text: string }): Promise<Receipt> {
    return this.sdk.channel(channelId).send(text);
  }

  /** Resolves when everything said in the channel from now on will come. */
  async subscribeToChannel(channelId: string): Promise<void> {
    const conversation = this.sdk.channel(channelId);
    this.#opened.set(conversation.log, conversation);
    await conversation.open();
  }

  /**
   * The oldest message from somebody else that has not been waited for, or the next one to come.
   *
   * @throws {Error} when none comes within `timeout` milliseconds.
   */
  waitForMessage({ timeout = 10_000 }: { readonly timeout?: number } = {}): Promise<TestMessage> {
    const waiting = this.#unread.shift();
    if (waiting) return Promise.resolve(waiting);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(take);
        reject(new Error(`${this.userId} got no message within ${timeout} ms`));
      }, timeout);
      const take = (message: TestMessage) => {
        if (this.#unread[0] !== message) return;
        this.#unread.shift();
        clearTimeout(timer);
        this.#listeners.delete(take);
        resolve(message);
      };
      this.#listeners.add(take);
    });
  }

  /** Calls `fn` for every message of others from now on. Returns what ends it. */
  onMessage(fn: (message: TestMessage) => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /** Acknowledges what came, then closes. */
  disconnect(): Promise<void> {
    return this.sdk.close();
  }

  /** What is told through `onSync` is not waited for as well. */
  #synced(items: readonly InboxItem[], tell: (messages: readonly TestMessage[]) => void): void {
    const messages = items.flatMap((item) => asMessage(item.log, item));
    const told = new Set(messages.map((message) => message.id));
    const rest = this.#unread.filter((message) => !told.has(message.id));
    this.#unread.splice(0, this.#unread.length, ...rest);
    if (messages.length > 0) tell(messages);
  }

  #arrived(message: TestMessage): void {
    if (message.from.user_id === this.userId) return;
    this.#unread.push(message);
    for (const listener of [...this.#listeners]) listener(message);
  }
}

function asMessage(log: LogName, item: Item | InboxItem): TestMessage[] {
  return item.envelope ? [{ ...item.envelope, log, offset: item.offset } as TestMessage] : [];
}

import { describe, expect, test } from 'bun:test';
import type { Tokens } from '@konferenco/protocol';
import { createClient } from '../client.ts';
import { memoryOutbox } from '../storage/memory.ts';
import { texts } from '../testing/fixture.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { Credentials } from '../tokens.ts';
import type { Client, Conversation, TokenStore } from '../types.ts';
import { tabSharing } from './tab-sharing.ts';
import { FakeBrowser, type FakeTab } from './testing/fake-browser.ts';

interface Opened {
  readonly tab: FakeTab;
  readonly client: Client;
  readonly hall: Conversation;
}

/** Clients in the tabs of one browser, over one store, and a server that answers when told to. */
function world() {
  const clock = new VirtualClock();
  const server = new ScriptedServer(clock.now);
  const browser = new FakeBrowser(clock);
  const outbox = memoryOutbox();
  const network = { up: true, changed: new Set<() => void>() };
  let counter = 0;
  const open = (): Opened => {
    const tab = browser.open(server.openSocket);
    const client = createClient({
      url: 'http://server.test',
      demoUser: 'mere',
      outbox,
      tabs: tabSharing(() => tab.surroundings),
      environment: {
        now: tab.now,
        after: tab.after,
        random: () => 0.5,
        randomBytes: (count) => new Uint8Array(count).map((_, index) => (index === count - 1 ? ++counter : index)),
        fetch: () => Promise.reject(new TypeError('no network in this test')),
        openSocket: tab.openSocket,
        exclusively: (_, fn) => fn(),
        network: {
          online: () => network.up,
          subscribe: (fn) => {
            network.changed.add(fn);
            return () => void network.changed.delete(fn);
          },
        },
      },
    });
    void client.connect().catch(() => {});
    const hall = client.channel('hall');
    void hall.open();
    return { tab, client, hall };
  };
  /** Lets the newest connection's handshake succeed, and everything settle. */
  const accept = async () => {
    await clock.pass(20);
    await server.accept();
    await pump();
  };
  const pump = async () => {
    for (let i = 0; i < 12; i++) {
      if (server.connections.length > 0) await server.flush();
      await clock.pass(50);
    }
  };
  const setNetwork = (up: boolean) => {
    network.up = up;
    for (const changed of network.changed) changed();
  };
  return { clock, server, open, accept, pump, setNetwork, outbox };
}

describe('the outbox of several tabs', () => {
  // proves TB-1, TB-12
  test('a message written in one tab is shown in the others while it waits and once it is stored', async () => {
    const { open, accept, pump, server } = world();
    const [a, b] = [open(), open()];
    await accept();
    expect(server.connections).toHaveLength(1);
    server.intercept = (frame) => (frame.type === 'publish' ? [] : undefined);
    void a.hall.send('kia ora');
    await pump();
    expect(texts(b.hall.state())).toEqual(['kia ora']);
    expect([a.client.waiting, b.client.waiting]).toEqual([1, 1]);
    server.intercept = () => undefined;
    await server.cut();
    await pump();
    await accept();
    expect(b.hall.state().timeline).toMatchObject([{ text: 'kia ora', state: 'stored', offset: 1 }]);
    expect([a.client.waiting, b.client.waiting]).toEqual([0, 0]);
    expect(server.log('ch:hall').items).toHaveLength(1);
  });

  // proves TB-12
  test('what waits in one tab can be discarded in another', async () => {
    const { open, pump, setNetwork, server } = world();
    setNetwork(false);
    const [a, b] = [open(), open()];
    await pump();
    const refused = a.hall.send('never mind').catch((error: { error: string }) => error.error);
    await pump();
    const [message] = b.hall.state().timeline;
    expect(message).toMatchObject({ text: 'never mind' });
    if (message?.kind === 'message') b.hall.discard(message.id);
    await pump();
    expect(await refused).toBe('discarded');
    expect([texts(a.hall.state()), texts(b.hall.state())]).toEqual([[], []]);
    expect(server.connections).toHaveLength(0);
  });

  // proves CL-30, TB-12
  test('what a message says that waits in one tab can be changed in another', async () => {
    const { clock, open, pump, accept, setNetwork, server } = world();
    setNetwork(false);
    const [a, b] = [open(), open()];
    await pump();
    void a.hall.send('helo');
    await pump();
    const [message] = b.hall.state().timeline;
    if (message?.kind !== 'message') throw new Error('no message');
    const editing = b.hall.edit(message.id, 'hello');
    await pump();
    expect([texts(a.hall.state()), texts(b.hall.state())]).toEqual([['hello'], ['hello']]);
    setNetwork(true);
    await clock.pass(1_000);
    await accept();
    expect(await editing).toMatchObject({ id: message.id });
    expect(server.log('ch:hall').items.map(({ envelope }) => envelope?.payload['text'])).toEqual(['hello']);
  });

  // proves TB-11
  test('what a tab left unsent is sent by another, once', async () => {
    const { open, accept, pump, setNetwork, server, clock } = world();
    setNetwork(false);
    const [a, b] = [open(), open()];
    await pump();
    void a.hall.send('one').catch(() => {});
    void b.hall.send('two');
    await pump();
    a.tab.crash();
    setNetwork(true);
    await clock.pass(500);
    await accept();
    await clock.pass(1_000);
    await pump();
    const stored = server.log('ch:hall').items.map(({ envelope }) => envelope?.payload.text);
    expect(stored.sort()).toEqual(['one', 'two']);
    expect(server.framesOf('publish').filter(({ ref }) => ref !== undefined)).toHaveLength(2);
    expect(b.client.waiting).toBe(0);
  });

  // proves TB-11
  test('a tab that opens leaves alone what a living one is sending', async () => {
    const { open, accept, pump, server } = world();
    const a = open();
    await accept();
    server.intercept = (frame) => (frame.type === 'publish' ? [] : undefined);
    void a.hall.send('mine');
    await pump();
    const b = open();
    await pump();
    await pump();
    expect(texts(b.hall.state())).toEqual(['mine']);
    expect(server.framesOf('publish').filter(({ ref }) => ref !== undefined)).toHaveLength(1);
  });
});

describe('the sign-in of several tabs', () => {
  // proves TB-13
  test('signing out in one tab signs out the others, also without a network', async () => {
    const { open, accept, pump, setNetwork } = world();
    const [a, b] = [open(), open()];
    await accept();
    setNetwork(false);
    await a.client.signOut();
    await pump();
    expect([a.client.link.kind, b.client.link.kind]).toEqual(['signed_out', 'signed_out']);
    expect(b.client.me).toBeNull();
  });

  // proves TB-13
  test('tabs that refresh at the same time use each refresh token once', async () => {
    let kept: Tokens | null = tokens(1);
    const store: TokenStore = {
      load: async () => kept,
      save: async (next) => {
        kept = next;
      },
    };
    let last: Promise<unknown> = Promise.resolve();
    const exclusively = <T>(_: string, fn: () => Promise<T>): Promise<T> => {
      const mine = last.then(fn);
      last = mine.catch(() => {});
      return mine;
    };
    const used: string[] = [];
    const open = async () => {
      const credentials = new Credentials({
        store,
        exclusively,
        exchange: async (token) => {
          used.push(token);
          return tokens(used.length + 1);
        },
        ended: () => {},
      });
      await credentials.load();
      return credentials;
    };
    const tabs = await Promise.all([open(), open(), open()]);
    for (let round = 1; round <= 3; round++) {
      const fresh = await Promise.all(tabs.map((tab) => tab.refresh()));
      expect(new Set(fresh.map(({ access_token }) => access_token)).size).toBe(1);
    }
    expect(used).toEqual(['refresh-1', 'refresh-2', 'refresh-3']);
  });
});

function tokens(number: number): Tokens {
  return {
    user: { id: 'mere', name: 'Mere' },
    device_id: 'phone',
    access_token: `access-${number}`,
    refresh_token: `refresh-${number}`,
    expires_at: 0,
  } as Tokens;
}

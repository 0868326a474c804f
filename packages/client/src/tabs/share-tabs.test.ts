import { describe, expect, test } from 'bun:test';
import type { ServerFrame } from '@konferenco/protocol';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import type { TransportSocket } from '../transport/request-socket.ts';
import type { Socket } from '../types.ts';
import { PULSE_MS } from './election.ts';
import { shareTabs } from './share-tabs.ts';
import type { SharedTabs } from './shared-tabs.ts';
import { FakeBrowser, type FakeTab } from './testing/fake-browser.ts';

/** The server's end of one real connection. */
interface Real {
  readonly url: string;
  readonly sent: { readonly type: string; readonly ref?: number }[];
  closedWith: number | null;
  readonly socket: Socket;
  say(frame: ServerFrame): void;
}

interface Opened {
  readonly tab: FakeTab;
  readonly tabs: SharedTabs;
  /** Opens a socket and notes what happens to it. */
  connect(url?: string): Noted;
}

interface Noted {
  readonly socket: Socket;
  readonly heard: string[];
  state: 'opening' | 'open' | number;
}

function world() {
  const clock = new VirtualClock();
  const browser = new FakeBrowser(clock);
  const real: Real[] = [];
  const open = (url: string): Socket => {
    const one: Real = {
      url,
      sent: [],
      closedWith: null,
      socket: {
        send: (text) => void one.sent.push(JSON.parse(text)),
        close: (code = 1000) => {
          one.closedWith ??= code;
        },
        onopen: null,
        onmessage: null,
        onclose: null,
        buffered: 0,
      },
      say: (frame) => one.socket.onmessage?.(JSON.stringify(frame)),
    };
    real.push(one);
    clock.after(5, () => one.closedWith === null && one.socket.onopen?.());
    return one.socket;
  };
  const openTab = (name = 'mere'): Opened => {
    const tab = browser.open(open);
    const tabs = shareTabs({ name, surroundings: tab.surroundings });
    return {
      tab,
      tabs,
      connect: (url = `ws://server.test/?by=${tab.id}`) => {
        const socket = tabs.openSocket(url, 'konferenco-v1');
        const noted: Noted = { socket, heard: [], state: 'opening' };
        socket.onopen = () => {
          noted.state = 'open';
        };
        socket.onmessage = (text) => void noted.heard.push(text);
        socket.onclose = (code) => {
          noted.state = code;
        };
        return noted;
      },
    };
  };
  const standing = () => real.filter(({ closedWith }) => closedWith === null);
  return { clock, browser, real, standing, openTab };
}

describe('tabs that share a connection', () => {
  test('the owner hears its own socket open although its listeners come promises later', async () => {
    const { clock, openTab } = world();
    const a = openTab();
    a.connect();
    await clock.pass(50);
    const socket = a.tabs.openSocket('ws://server.test', 'konferenco-v1');
    let opened = false;
    void (async () => {
      for (let i = 0; i < 20; i++) await undefined;
      socket.onopen = () => {
        opened = true;
      };
    })();
    await clock.pass(50);
    expect(opened).toBe(true);
  });

  // proves TB-1
  test('one real connection serves all tabs, also those that open at the same moment', async () => {
    const { clock, real, openTab } = world();
    const tabs = [openTab(), openTab(), openTab()];
    const sockets = tabs.map((tab) => tab.connect());
    await clock.pass(100);
    expect(real).toHaveLength(1);
    expect(sockets.map(({ state }) => state)).toEqual(['open', 'open', 'open']);
    expect(tabs.filter(({ tabs }) => tabs.part === 'owning')).toHaveLength(1);
  });

  // proves TB-1
  test('different accounts do not share', async () => {
    const { clock, real, openTab } = world();
    openTab('mere').connect();
    openTab('ana').connect();
    await clock.pass(100);
    expect(real).toHaveLength(2);
  });

  // proves TB-7
  test('when the owner closes, the others are told to come back at once and find another', async () => {
    const { clock, standing, openTab } = world();
    const [a, b] = [openTab(), openTab()];
    a.connect();
    await clock.pass(50);
    const first = b.connect();
    await clock.pass(50);
    expect(first.state).toBe('open');
    a.tabs.close();
    await clock.pass(50);
    expect(first.state).toBe(4002);
    const second = b.connect();
    await clock.pass(50);
    expect(second.state).toBe('open');
    expect(b.tabs.part).toBe('owning');
    expect(standing()).toHaveLength(1);
  });

  // proves TB-7
  test('when the owner crashes, the lock passes on and the others close and find another', async () => {
    const { clock, standing, openTab } = world();
    const [a, b, c] = [openTab(), openTab(), openTab()];
    a.connect();
    await clock.pass(50);
    const [ofB, ofC] = [b.connect(), c.connect()];
    await clock.pass(50);
    a.tab.crash();
    await clock.pass(50);
    expect([ofB.state, ofC.state]).toEqual([4002, 4002]);
    const again = [b.connect(), c.connect()];
    await clock.pass(50);
    expect(again.map(({ state }) => state)).toEqual(['open', 'open']);
    expect(standing()).toHaveLength(1);
  });

  // proves TB-8
  test('a frozen owner is replaced within seconds, and is a tab among others when it thaws', async () => {
    const { clock, standing, openTab } = world();
    const [a, b, c] = [openTab(), openTab(), openTab()];
    const ofA = a.connect();
    await clock.pass(50);
    const [ofB, ofC] = [b.connect(), c.connect()];
    await clock.pass(50);
    a.tab.freeze();
    await clock.pass(PULSE_MS * 7);
    expect([ofB.state, ofC.state]).toEqual([4002, 4002]);
    b.connect();
    c.connect();
    await clock.pass(50);
    expect([b.tabs.part, c.tabs.part].sort()).toEqual(['following', 'owning']);
    a.tab.wake();
    await clock.pass(50);
    expect(ofA.state).toBe(4002);
    const back = a.connect();
    await clock.pass(50);
    expect(back.state).toBe('open');
    expect(a.tabs.part).toBe('following');
    expect(standing()).toHaveLength(1);
  });

  // proves TR-2
  test('a socket that had to wait for a frozen owner says nothing of the way to the server', async () => {
    const { clock, openTab } = world();
    const [a, b] = [openTab(), openTab()];
    const ofA: TransportSocket = a.connect().socket;
    await clock.pass(50);
    a.tab.freeze();
    const ofB: TransportSocket = b.connect().socket;
    await clock.pass(PULSE_MS);
    expect([ofA.failure, ofB.failure]).toEqual([undefined, 'refused']);
  });

  // proves TB-8
  test('a tab that slept itself does not take over from an owner that is well', async () => {
    const { clock, real, openTab } = world();
    const [a, b] = [openTab(), openTab()];
    a.connect();
    await clock.pass(50);
    const ofB = b.connect();
    await clock.pass(50);
    b.tab.freeze();
    await clock.pass(PULSE_MS * 4);
    b.tab.wake();
    await clock.pass(PULSE_MS * 4);
    expect(a.tabs.part).toBe('owning');
    expect(ofB.state).toBe('open');
    expect(real).toHaveLength(1);
  });

  // proves TB-7
  test('a page kept for "back" gives the connection away before it stops', async () => {
    const { clock, standing, openTab } = world();
    const [a, b] = [openTab(), openTab()];
    const ofA = a.connect();
    await clock.pass(50);
    const ofB = b.connect();
    await clock.pass(50);
    a.tab.hide();
    await clock.pass(50);
    expect([ofA.state, ofB.state]).toEqual([4002, 4002]);
    expect(b.tabs.part).toBe('owning');
    b.connect();
    await clock.pass(50);
    a.tab.wake();
    const back = a.connect();
    await clock.pass(50);
    expect(back.state).toBe('open');
    expect(standing()).toHaveLength(1);
  });

  // proves TB-9
  test('without locks, or without channels, each socket is a connection of its own', async () => {
    const { clock, real, openTab, browser } = world();
    browser.channel = () => {
      throw new DOMException('no channels here', 'SecurityError');
    };
    const [a, b] = [openTab(), openTab()];
    const sockets = [a.connect(), b.connect()];
    await clock.pass(50);
    expect(sockets.map(({ state }) => state)).toEqual(['open', 'open']);
    expect(real).toHaveLength(2);
    sockets[0]?.socket.send('{"type":"heartbeat","nonce":1}');
    expect(real[0]?.sent).toEqual([{ type: 'heartbeat', nonce: 1 } as never]);
  });

  // proves TB-9
  test('tabs that share locks and cannot hear each other end up with connections of their own', async () => {
    const { clock, browser, openTab } = world();
    browser.loses = () => true;
    const [a, b] = [openTab(), openTab()];
    const keepOpen = (opened: Opened) => {
      const noted = opened.connect();
      noted.socket.onclose = () => clock.after(100, () => keepOpen(opened));
    };
    keepOpen(a);
    keepOpen(b);
    await clock.pass(180_000);
    expect([a.tabs.part, b.tabs.part]).toContain('alone');
    const before = [a.tab.connections, b.tab.connections];
    await clock.pass(180_000);
    expect([a.tab.connections, b.tab.connections]).toEqual(before);
    expect(before).toEqual([1, 1]);
  });

  // proves TB-10
  test('a frame that the channel loses ends the socket, in either direction, so that it resumes', async () => {
    const { clock, browser, real, openTab } = world();
    const [a, b] = [openTab(), openTab()];
    a.connect();
    await clock.pass(50);
    const down = b.connect();
    await clock.pass(50);
    down.socket.send('{"type":"hello","ref":1}');
    await clock.pass(50);
    browser.loses = (message) => (message as { kind: string }).kind === 'hear';
    real[0]?.say({ type: 'changed', what: 'blocks', id: 'x' });
    await clock.pass(50);
    browser.loses = () => false;
    real[0]?.say({ type: 'changed', what: 'blocks', id: 'y' });
    await clock.pass(50);
    expect(down.heard).toEqual([]);
    expect(down.state).toBe(1006);

    const up = b.connect();
    await clock.pass(50);
    browser.loses = (message) => (message as { kind: string }).kind === 'say';
    up.socket.send('{"type":"hello","ref":1}');
    await clock.pass(50);
    browser.loses = () => false;
    up.socket.send('{"type":"history","ref":2,"log":"ch:hall"}');
    await clock.pass(50);
    expect(up.state).toBe(1006);
  });

  // proves TB-10
  test('what is not a message of this version, or is larger than its kind may be, is ignored', async () => {
    const { clock, browser, openTab } = world();
    const [a, b] = [openTab(), openTab()];
    a.connect();
    await clock.pass(50);
    const socket = b.connect();
    await clock.pass(50);
    const stranger = browser.channel(
      browser.open(() => socket.socket),
      'konferenco:1:mere',
    );
    const owner = `${a.tabs.id}.1`;
    for (const message of [
      null,
      7,
      'retired',
      { kind: 'retired' },
      { kind: 'closed', from: owner, ports: 'all', code: 1006, reason: '', alone: false },
      { kind: 'closed', from: owner, ports: [`${b.tabs.id}:1`], code: 1006, reason: 'x'.repeat(600), alone: false },
      { kind: 'hear', from: owner, ports: [[`${b.tabs.id}:1`, 1]], text: 'x'.repeat(1_048_577) },
      { kind: 'constructor', from: owner },
      { kind: 'unheard_of', from: owner },
    ])
      stranger.post(message);
    await clock.pass(50);
    expect(socket.state).toBe('open');
    expect(socket.heard).toEqual([]);
    expect(b.tabs.part).toBe('following');
  });

  test('a tab that is gone gives up its port', async () => {
    const { clock, real, openTab } = world();
    const [a, b] = [openTab(), openTab()];
    const ofA = a.connect();
    await clock.pass(50);
    ofA.socket.send('{"type":"hello","ref":1}');
    real[0]?.say({
      type: 'reply',
      ref: 1,
      data: { heartbeat_ms: 30_000, inbox: { cursor: null, first: 0, head: 0 }, user_id: 'mere', device_id: 'd' },
    });
    const ofB = b.connect();
    await clock.pass(50);
    ofB.socket.send('{"type":"hello","ref":1}');
    ofB.socket.send('{"type":"subscribe","ref":2,"logs":["ch:hall"]}');
    await clock.pass(50);
    b.tab.crash();
    await clock.pass(50);
    expect(real[0]?.sent.slice(1)).toEqual([
      { type: 'subscribe', ref: 2, logs: ['ch:hall'] } as never,
      { type: 'unsubscribe', ref: 3, logs: ['ch:hall'] } as never,
    ]);
  });

  test('closing leaves nothing behind that would keep a program alive', async () => {
    const { clock, openTab } = world();
    const [a, b] = [openTab(), openTab()];
    a.connect();
    b.connect();
    await clock.pass(50);
    a.tabs.close();
    b.tabs.close();
    await settle();
    await clock.pass(PULSE_MS);
    expect(clock.pending).toBe(0);
    const late = a.connect();
    await clock.pass(0);
    expect(late.state).toBe(1006);
  });
});

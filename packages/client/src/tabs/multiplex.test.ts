import { describe, expect, test } from 'bun:test';
import type { ClientFrame, ReplyOf, ServerFrame } from '@konferenco/protocol';
import fc from 'fast-check';
import { CONNECT_MS, multiplex, type MultiplexerInput } from './multiplex.ts';
import { type MultiplexerEffect, type MultiplexerState, NOTHING, PORTS_MAX } from './multiplex-state.ts';

const NOW = 1_900_000_000_000;

const WELCOME: ReplyOf<'hello'> = {
  user_id: 'mere',
  device_id: 'phone',
  node: 'n',
  epoch: 'e',
  server_time: 5_000,
  heartbeat_ms: 30_000,
  expires_at: null,
  inbox: { cursor: 3, first: 1, head: 10 },
};

/** A multiplexer with what it did; frames parsed. */
class Bench {
  state: MultiplexerState = NOTHING;
  now = NOW;
  /** Effects since the last look. */
  #effects: MultiplexerEffect[] = [];

  input(input: MultiplexerInput): this {
    const step = multiplex(this.state, input, this.now);
    this.state = step.state;
    this.#effects.push(...step.effects);
    return this;
  }

  open(port: string): this {
    return this.input({ kind: 'port_opened', port, url: `ws://${port}`, protocol: 'p' });
  }

  say(port: string, frame: ClientFrame | Record<string, unknown>): this {
    return this.input({ kind: 'port_frame', port, text: JSON.stringify(frame) });
  }

  close(port: string): this {
    return this.input({ kind: 'port_closed', port });
  }

  server(frame: ServerFrame | Record<string, unknown>): this {
    return this.input({ kind: 'server_frame', text: JSON.stringify(frame) });
  }

  /** What was done since the last call, in short: `>` to the server, `port<` to a tab. */
  take(): unknown[] {
    return this.#effects.splice(0).flatMap((effect) => this.#told(effect));
  }

  #told(effect: MultiplexerEffect): unknown[] {
    switch (effect.kind) {
      case 'send':
        return [['>', JSON.parse(effect.text)]];
      case 'deliver':
        return effect.ports.map((port) => [`${port}<`, JSON.parse(effect.text)]);
      case 'opened':
        return [`opened ${effect.ports.join()}`];
      case 'close':
        return [`closed ${effect.ports.join()} ${effect.code}${effect.alone ? ' alone' : ''}`];
      case 'open':
        return [`open ${effect.url}`];
      case 'drop':
        return ['drop'];
    }
  }

  /** Opens ports that have all said hello. */
  static ready(...ports: readonly string[]): Bench {
    const bench = new Bench();
    for (const port of ports) bench.open(port);
    bench.input({ kind: 'connected' });
    for (const port of ports) bench.say(port, { type: 'hello', ref: 1 });
    bench.server({ type: 'reply', ref: 1, data: WELCOME });
    bench.take();
    return bench;
  }
}

describe('hello', () => {
  // proves TB-2
  test('the first tab opens the connection by its address and its hello is the only one the server sees', () => {
    const bench = new Bench().open('a').open('b');
    expect(bench.take()).toEqual(['open ws://a']);
    bench
      .input({ kind: 'connected' })
      .say('a', { type: 'hello', ref: 1, status: 'away' })
      .say('b', { type: 'hello', ref: 7 });
    expect(bench.take()).toEqual(['opened a,b', ['>', { type: 'hello', ref: 1, status: 'away' }]]);
    bench.server({ type: 'reply', ref: 1, data: WELCOME });
    expect(bench.take()).toEqual([
      ['a<', { type: 'reply', ref: 1, data: WELCOME }],
      ['b<', { type: 'reply', ref: 7, data: WELCOME }],
      ['>', { type: 'presence', status: 'online' }],
    ]);
  });

  // proves TB-2
  test('a later hello is answered at once with the time, the inbox and the credentials as they are by now', () => {
    const bench = Bench.ready('a');
    bench.say('a', { type: 'ack', inbox: 8 });
    bench.say('a', { type: 'auth', ref: 2, token: 't' }).server({ type: 'reply', ref: 2, data: { expires_at: 99 } });
    bench.server({ type: 'inbox', items: [{ inbox: 12, reason: 'direct', log: 'dm:a:b', offset: 1, at: 1 }] });
    bench.now += 10_000;
    bench.server({ type: 'heartbeat', nonce: 4, server_time: 20_000 });
    bench.now += 500;
    bench.take();
    bench.open('b').say('b', { type: 'hello', ref: 1 });
    const data = { ...WELCOME, server_time: 20_500, expires_at: 99, inbox: { cursor: 8, first: 1, head: 12 } };
    expect(bench.take()).toEqual(['opened b', ['b<', { type: 'reply', ref: 1, data }]]);
  });

  // proves TB-2
  test('what came live before the reply to hello counts for the tabs that come later', () => {
    const bench = new Bench().open('a').input({ kind: 'connected' }).say('a', { type: 'hello', ref: 1 });
    bench.server({ type: 'inbox', items: [{ inbox: 11, reason: 'direct', log: 'dm:a:b', offset: 1, at: 1 }] });
    bench.server({ type: 'reply', ref: 1, data: WELCOME }).take();
    bench.open('b').say('b', { type: 'hello', ref: 1 });
    expect(bench.take()[1]).toMatchObject(['b<', { data: { inbox: { head: 11 } } }]);
  });

  // proves TB-2
  test('after inbox frames were dropped, a new tab is told to ask where the inbox stands until somebody has learnt it', () => {
    const bench = Bench.ready('a');
    bench.say('a', { type: 'history', ref: 5, log: 'in:mere', limit: 1 });
    bench.server({ type: 'resync', log: 'in:mere' });
    // An answer from before the loss proves nothing.
    bench.server({ type: 'reply', ref: 2, data: { log: 'in:mere', items: [], first: 1, head: 10, has_more: false } });
    bench.take();
    bench.open('b').say('b', { type: 'hello', ref: 1 });
    expect(bench.take()[2]).toEqual(['b<', { type: 'resync', log: 'in:mere' }]);
    bench.say('b', { type: 'history', ref: 2, log: 'in:mere', limit: 1 });
    bench.server({ type: 'reply', ref: 3, data: { log: 'in:mere', items: [], first: 1, head: 40, has_more: false } });
    bench.take();
    bench.open('c').say('c', { type: 'hello', ref: 1 });
    expect(bench.take()).toMatchObject(['opened c', ['c<', { data: { inbox: { head: 40 } } }]]);
  });

  test('a refused hello is refused to every tab that waits for it', () => {
    const bench = new Bench().open('a').open('b').input({ kind: 'connected' });
    bench.say('a', { type: 'hello', ref: 1 }).say('b', { type: 'hello', ref: 2 }).take();
    bench.server({ type: 'error', ref: 1, code: 4001, error: 'store_unavailable', message: '' });
    expect(bench.take()).toMatchObject([
      ['a<', { type: 'error', ref: 1 }],
      ['b<', { type: 'error', ref: 2 }],
    ]);
    bench.close('a').say('b', { type: 'hello', ref: 3 });
    expect(bench.take()).toEqual([['>', { type: 'hello', ref: 2 }]]);
  });

  // proves TB-9
  test('a tab whose program offers something else, or is another device, gets a connection of its own', () => {
    const bench = Bench.ready('a');
    bench.open('b').say('b', { type: 'hello', ref: 1, capabilities: ['newer'] });
    expect(bench.take()).toEqual(['opened b', 'closed b 4002 alone']);
    bench.open('c').say('c', { type: 'hello', ref: 1, device_id: 'laptop' });
    expect(bench.take()).toEqual(['opened c', 'closed c 4002 alone']);
    for (let i = 1; i < PORTS_MAX; i++) bench.open(`x${i}`);
    bench.take();
    expect(bench.open('z').take()).toEqual(['closed z 4002 alone']);
  });
});

describe('requests', () => {
  // proves TB-3
  test('each tab gets the answers to its own requests under its own refs, and an envelope does not change by a byte', () => {
    const bench = Bench.ready('a', 'b');
    const envelope = '{"id":"1",  "b":1.0,"a":"\\u0041"}';
    bench.input({ kind: 'port_frame', port: 'b', text: `{"type":"publish","ref":9,"envelope":${envelope}}` });
    const sent = multiplex(
      bench.state,
      { kind: 'port_frame', port: 'b', text: `{"type":"publish","ref":9,"envelope":${envelope}}` },
      NOW,
    );
    expect(sent.effects).toEqual([{ kind: 'send', text: `{"type":"publish","ref":3,"envelope":${envelope}}` }]);
    bench.say('a', { type: 'history', ref: 9, log: 'ch:hall' }).take();
    bench.server({ type: 'reply', ref: 3, data: { log: 'ch:hall', items: [], first: 0, head: 0, has_more: false } });
    bench.server({ type: 'error', ref: 2, code: 3000, error: 'rate_limited', message: '' });
    expect(bench.take()).toMatchObject([
      ['a<', { type: 'reply', ref: 9 }],
      ['b<', { type: 'error', ref: 9, code: 3000 }],
    ]);
  });

  // proves TB-3
  test('frames of a newer version go through, and an error without a ref goes to who spoke without one', () => {
    const bench = Bench.ready('a', 'b');
    bench.say('b', { type: 'newer', ref: 4, what: 1 }).say('b', { type: 'publish', envelope: {} });
    expect(bench.take()).toEqual([
      ['>', { type: 'newer', ref: 2, what: 1 }],
      ['>', { type: 'publish', envelope: {} }],
    ]);
    bench
      .server({ type: 'reply', ref: 2, data: 1 })
      .server({ type: 'error', code: 1001, error: 'invalid', message: '' });
    bench.server({ type: 'also_newer' });
    expect(bench.take()).toEqual([
      ['b<', { type: 'reply', ref: 4, data: 1 }],
      ['b<', { type: 'error', code: 1001, error: 'invalid', message: '' }],
      ['a<', { type: 'also_newer' }],
      ['b<', { type: 'also_newer' }],
    ]);
  });

  // proves TB-5
  test('only a higher acknowledgement reaches the server', () => {
    const bench = Bench.ready('a', 'b');
    bench.say('a', { type: 'ack', inbox: 3 }).say('a', { type: 'ack', inbox: 6 }).say('b', { type: 'ack', inbox: 5 });
    expect(bench.take()).toEqual([['>', { type: 'ack', inbox: 6 }]]);
  });

  // proves TB-5
  test('the heartbeat is answered once, when nothing was sent for 35 s, and heard by all', () => {
    const bench = Bench.ready('a', 'b');
    const beat = { type: 'heartbeat', nonce: 4, server_time: 1 } as const;
    bench.now += 34_999;
    bench.server(beat);
    expect(bench.take()).toEqual([
      ['a<', beat],
      ['b<', beat],
    ]);
    bench.now += 1;
    bench.server(beat).say('a', { type: 'heartbeat', nonce: 4 }).say('b', { type: 'heartbeat', nonce: 4 });
    expect(bench.take()).toEqual([
      ['>', { type: 'heartbeat', nonce: 4 }],
      ['a<', beat],
      ['b<', beat],
    ]);
  });
});

describe('what tabs follow', () => {
  // proves TB-4
  test('a log is given up with the last tab that wants it, and its entries go to those that want them', () => {
    const bench = Bench.ready('a', 'b');
    const hall = { first: 1, head: 4 };
    bench
      .say('a', { type: 'subscribe', ref: 2, logs: ['ch:hall'] })
      .say('b', { type: 'subscribe', ref: 2, logs: ['ch:hall'] });
    bench.server({ type: 'reply', ref: 2, data: { logs: { 'ch:hall': hall } } });
    bench.server({ type: 'reply', ref: 3, data: { logs: { 'ch:hall': hall } } }).take();
    bench.server({ type: 'message', log: 'ch:hall', items: [] });
    expect(bench.take()).toMatchObject([
      ['a<', {}],
      ['b<', {}],
    ]);
    bench.say('a', { type: 'unsubscribe', ref: 3, logs: ['ch:hall'] });
    expect(bench.take()).toEqual([['a<', { type: 'reply', ref: 3, data: {} }]]);
    bench.server({ type: 'message', log: 'ch:hall', items: [] });
    expect(bench.take()).toMatchObject([['b<', {}]]);
    bench.close('b');
    expect(bench.take()).toEqual([['>', { type: 'unsubscribe', ref: 4, logs: ['ch:hall'] }]]);
  });

  // proves TB-4
  test('what one connection cannot hold for all goes to a connection of its own', () => {
    const bench = Bench.ready('a', 'b');
    bench
      .say('a', { type: 'subscribe', ref: 2, logs: ['ch:a'] })
      .say('b', { type: 'subscribe', ref: 2, logs: ['ch:b'] });
    bench.server({ type: 'reply', ref: 2, data: { logs: { 'ch:a': { first: 0, head: 0 } } } }).take();
    bench.server({
      type: 'reply',
      ref: 3,
      data: { logs: { 'ch:b': { code: 1010, error: 'too_many_subscriptions', message: '' } } },
    });
    expect(bench.take()).toEqual(['closed b 4002 alone']);
    const users = (from: number) => Array.from({ length: 150 }, (_, i) => `u${from + i}`);
    bench.open('c').say('c', { type: 'hello', ref: 1 });
    bench.say('a', { type: 'watch', ref: 3, users: users(0) }).take();
    expect(bench.say('c', { type: 'watch', ref: 2, users: users(150) }).take()).toEqual(['closed c 4002 alone']);
  });

  // proves TB-4
  test('the union of what tabs watch is watched, shrinks when a tab goes, and each hears what it watches', () => {
    const bench = Bench.ready('a', 'b');
    bench.say('a', { type: 'watch', ref: 2, users: ['ana'], channels: ['hall'] });
    bench.say('b', { type: 'watch', ref: 2, users: ['bo'] });
    expect(bench.take()).toEqual([
      ['>', { type: 'watch', ref: 2, channels: ['hall'], users: ['ana'] }],
      ['>', { type: 'watch', ref: 3, channels: ['hall'], users: ['ana', 'bo'] }],
    ]);
    bench.server({ type: 'presence', users: [{ user_id: 'bo', status: 'away' }] });
    bench.server({ type: 'presence', channel: 'hall', count: 2, users: [] });
    expect(bench.take()).toMatchObject([
      ['b<', {}],
      ['a<', {}],
    ]);
    bench.close('a');
    expect(bench.take()).toEqual([['>', { type: 'watch', ref: 4, channels: [], users: ['bo'] }]]);
    bench.server({ type: 'reply', ref: 4, data: {} });
    expect(bench.take()).toEqual([]);
  });

  // proves TB-5
  test('the most present tab speaks for the person, also when it goes', () => {
    const bench = Bench.ready('a', 'b');
    bench.say('a', { type: 'presence', status: 'away' });
    expect(bench.take()).toEqual([]);
    bench.say('b', { type: 'presence', ref: 3, status: 'busy' });
    expect(bench.take()).toEqual([
      ['b<', { type: 'reply', ref: 3, data: {} }],
      ['>', { type: 'presence', status: 'busy' }],
    ]);
    bench.close('b');
    expect(bench.take()).toEqual([['>', { type: 'presence', status: 'away' }]]);
  });

  /** Steps of tabs over three logs; the server answers in order, sometimes late. */
  const steps = fc.array(
    fc.record({
      deed: fc.constantFrom('open', 'close', 'subscribe', 'unsubscribe', 'answer'),
      tab: fc.constantFrom('a', 'b', 'c'),
      log: fc.constantFrom('ch:x', 'ch:y', 'ch:z'),
    }),
    { maxLength: 60 },
  );

  // proves TB-3, TB-4
  test('whatever tabs do, the server has the union of what they want, and every request is answered once', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const bench = Bench.ready('keeper');
        const wanted = new Map<string, Set<string>>();
        const subscribed = new Set<string>();
        const open = new Map<string, number>();
        const unanswered = new Set<string>();
        const queue: { type: string; ref: number; logs: string[] }[] = [];
        let ref = 1;
        const settle = (): void => {
          const frame = queue.shift();
          if (!frame) return;
          for (const log of frame.logs) {
            if (frame.type === 'subscribe') subscribed.add(log);
            else subscribed.delete(log);
          }
          const logs = Object.fromEntries(frame.logs.map((log) => [log, { first: 0, head: 0 }]));
          bench.server({ type: 'reply', ref: frame.ref, data: { logs } });
        };
        const look = (): void => {
          for (const done of bench.take()) {
            if (!Array.isArray(done)) continue;
            const [who, frame] = done as [string, { type: string; ref: number; logs: string[] }];
            if (who === '>' && frame.type !== 'hello' && frame.logs) queue.push(frame);
            if (who !== '>' && frame.ref !== 1) {
              // Exactly one answer, to who asked.
              expect(unanswered.delete(`${who.slice(0, -1)}${frame.ref}`)).toBe(true);
            }
          }
        };
        for (const { deed, tab, log } of all) {
          const port = `${tab}${open.get(tab) ?? 0}`;
          const logs = wanted.get(tab);
          if (deed === 'open' && !logs) {
            open.set(tab, (open.get(tab) ?? 0) + 1);
            wanted.set(tab, new Set());
            bench.open(`${tab}${open.get(tab)}`).say(`${tab}${open.get(tab)}`, { type: 'hello', ref: 1 });
          } else if (deed === 'close' && logs) {
            wanted.delete(tab);
            for (const key of [...unanswered]) if (key.startsWith(port)) unanswered.delete(key);
            bench.close(port);
          } else if ((deed === 'subscribe' || deed === 'unsubscribe') && logs) {
            if (deed === 'subscribe') logs.add(log);
            else logs.delete(log);
            unanswered.add(`${port}${++ref}`);
            bench.say(port, { type: deed, ref, logs: [log] });
          } else if (deed === 'answer') settle();
          look();
        }
        while (queue.length > 0) {
          settle();
          look();
        }
        expect(unanswered).toEqual(new Set());
        expect([...subscribed].sort()).toEqual([...new Set([...wanted.values()].flatMap((set) => [...set]))].sort());
      }),
      { numRuns: 500 },
    );
  });
});

describe('the end of a connection', () => {
  // proves TB-6
  test('every tab is told the code the server gave, and nothing is remembered', () => {
    const bench = Bench.ready('a', 'b').input({ kind: 'disconnected', code: 4300, reason: 'signed out' });
    expect(bench.take()).toEqual(['closed a,b 4300']);
    expect(bench.state).toBe(NOTHING);
  });

  // proves TB-6
  test('the connection closes with its last tab', () => {
    const bench = Bench.ready('a', 'b').close('a');
    expect(bench.take()).toEqual([]);
    expect(bench.close('b').take()).toEqual(['drop']);
  });

  // proves TB-6
  test('a silent connection is given up at twice the heartbeat, one that never opens after its time', () => {
    const bench = Bench.ready('a');
    bench.now += 59_999;
    expect(bench.input({ kind: 'tick' }).take()).toEqual([]);
    bench.now += 1;
    expect(bench.input({ kind: 'tick' }).take()).toEqual(['drop', 'closed a 4000']);
    const opening = new Bench().open('a');
    opening.take();
    opening.now += CONNECT_MS;
    expect(opening.open('b').take()).toEqual(['drop', 'closed a 1006', 'open ws://b']);
  });

  // proves TB-6
  test('one tab chooses the moment of a migration, and all move with it', () => {
    const bench = Bench.ready('a', 'b', 'c').server({ type: 'migrate', within_ms: 1_000 });
    expect(bench.take()).toEqual([['a<', { type: 'migrate', within_ms: 1_000 }]]);
    expect(bench.close('b').take()).toEqual([]);
    expect(bench.close('a').take()).toEqual(['drop', 'closed c 4002']);
  });

  test('what is no frame ends the connection, or the tab, it came from', () => {
    const bench = Bench.ready('a', 'b').input({ kind: 'port_frame', port: 'a', text: 'nonsense' });
    expect(bench.take()).toEqual(['closed a 1006']);
    expect(bench.input({ kind: 'server_frame', text: 'nonsense' }).take()).toEqual(['drop', 'closed b 1006']);
  });
});

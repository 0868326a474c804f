import { beforeEach, describe, expect, test } from 'bun:test';
import { ERROR_CODES, type ErrorName, LIMITS, type Tokens } from '@konferenco/protocol';
import { accountName, tabNames } from '../tabs/lock-names.ts';
import { FakeLocks } from '../tabs/testing/fake-locks.ts';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import type { OutboxEntry } from '../types.ts';
import { WAKE_MS } from './drain.ts';
import { sendWaiting, type WakeEnd } from './send-waiting.ts';

const BASE = 'http://server.test';
const NAMES = tabNames(accountName(BASE, 'mere'));
const AGENT = { run: (fn: () => void) => fn() };

const tokensOf = (refresh_token: string, expires_at: number): Tokens => ({
  access_token: `access of ${refresh_token}`,
  refresh_token,
  expires_at,
  user: { id: 'mere', name: 'Mere' },
  device_id: 'd-1',
});

/** A refusal of one entry, or of a whole request. */
interface Refusal {
  readonly error: ErrorName;
  readonly retry_after_ms?: number;
}

/** A device, a server and the browser between them. */
class World {
  readonly clock = new VirtualClock();
  readonly locks = new FakeLocks();
  entries: OutboxEntry[] = [];
  settled: readonly string[] = [];
  tokens: Tokens | null = tokensOf('r1', this.clock.now() + 900_000);
  /** Refresh tokens that were exchanged, and envelopes that the server has, in the order of their coming. */
  readonly exchanged: string[] = [];
  readonly stored: string[] = [];
  requests: { readonly authorization: string; readonly envelopes: readonly string[] }[] = [];
  /** What the server says to an envelope; `silent`: nothing in time. */
  refuse: (id: string) => Refusal | 'silent' | null = () => null;
  /** What it says to a request; a number is a status of something in between. */
  refuseAll: (authorization: string) => Refusal | number | null = () => null;
  reachable = true;
  hangs = false;
  beforeAnswer: () => void = () => {};

  write(log: string, ...ids: string[]): void {
    for (const id of ids) {
      const created_at = this.clock.now() + this.entries.length;
      this.entries.push({ id, log: log as OutboxEntry['log'], envelope: `{"id":"${id}", "spaced": 1}`, created_at });
    }
  }

  wake(): Promise<WakeEnd> {
    return sendWaiting({
      url: BASE,
      tokens: {
        load: async () => this.tokens,
        replace: async (refresh_token, tokens) => {
          if (this.tokens?.refresh_token !== refresh_token) return false;
          this.tokens = tokens;
          return true;
        },
      },
      outbox: () => ({
        // In the order of their keys, not of their age.
        load: async () => ({ entries: this.entries.toSorted((a, b) => (a.id < b.id ? 1 : -1)), settled: this.settled }),
        note: async (settled) => {
          this.settled = settled;
        },
      }),
      locks: this.locks.of(AGENT),
      environment: {
        now: this.clock.now,
        after: this.clock.after,
        random: () => 0.5,
        fetch: (address, init) => this.#answer(new URL(address).pathname, init ?? {}),
        exclusively: async (_, fn) => fn(),
      },
    });
  }

  async #answer(path: string, init: RequestInit): Promise<Response> {
    if (!this.reachable) throw new TypeError('Failed to fetch');
    if (this.hangs) await new Promise((_, reject) => init.signal?.addEventListener('abort', reject));
    const body = String(init.body);
    if (path === '/api/session/refresh') return this.#refreshed((JSON.parse(body) as Tokens).refresh_token);
    const authorization = new Headers(init.headers).get('authorization') ?? '';
    // As they stand there, to the byte.
    const envelopes = [...body.matchAll(/"envelope":(\{[^}]*\})/g)].map(([, text = '']) => text);
    this.requests.push({ authorization, envelopes });
    this.beforeAnswer();
    const refusal = this.refuseAll(authorization);
    if (typeof refusal === 'number') return new Response('<html>', { status: refusal });
    if (refusal) return Response.json(bodyOf(refusal), { status: 400 });
    const { frames } = JSON.parse(body) as { frames: { ref: number; envelope: { id: string } }[] };
    // What the schema asks of a frame.
    if (frames.some(({ ref }) => ref < 1)) throw new RangeError('ref must be >= 1');
    const events = frames.map(({ ref, envelope }) => this.#event(ref, envelope.id));
    return new Response(events.join(''), { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
  }

  #refreshed(refresh_token: string): Response {
    this.exchanged.push(refresh_token);
    const refusal = this.refuseAll('refresh');
    if (refusal && typeof refusal === 'object') return Response.json(bodyOf(refusal), { status: 401 });
    return Response.json(tokensOf(`${refresh_token}+`, this.clock.now() + 900_000));
  }

  #event(ref: number, id: string): string {
    const refusal = this.refuse(id);
    if (refusal === 'silent') return '';
    if (refusal) return `data: ${JSON.stringify({ type: 'error', ref, ...bodyOf(refusal) })}\n\n`;
    const duplicate = this.stored.includes(id);
    if (!duplicate) this.stored.push(id);
    return `data: ${JSON.stringify({ type: 'reply', ref, data: { id, log: 'ch:a', offset: 1, at: 1, duplicate } })}\n\n`;
  }
}

function bodyOf({ error, ...rest }: Refusal) {
  return { ...rest, error, code: ERROR_CODES[error].code, message: ERROR_CODES[error].text };
}

let world: World;
beforeEach(() => {
  world = new World();
});

describe('what waits', () => {
  // proves AP-16
  test('leaves with no page open: unchanged, oldest first in each conversation, and stays in the outbox', async () => {
    world.write('ch:a', 'a9', 'a5');
    world.write('me:mere', 'o1');
    world.write('ch:a', 'a7');
    expect(await world.wake()).toBe('done');
    expect(world.stored.filter((id) => id.startsWith('a'))).toEqual(['a9', 'a5', 'a7']);
    expect(world.stored).toContain('o1');
    expect(world.requests.flatMap(({ envelopes }) => envelopes)).toContain('{"id":"a9", "spaced": 1}');
    expect(world.requests.every(({ authorization }) => authorization === 'Bearer access%20of%20r1')).toBe(true);
    expect(world.entries).toHaveLength(4);
  });

  // proves AP-16
  test('is not sent again by the next wake-up, unless the person tried it again', async () => {
    world.write('ch:a', 'a1', 'a2');
    await world.wake();
    world.requests = [];
    expect(await world.wake()).toBe('done');
    expect(world.requests).toEqual([]);
    world.write('ch:a', 'a3');
    world.entries = world.entries.map((entry) =>
      entry.id === 'a1' ? { ...entry, created_at: 1 + entry.created_at } : entry,
    );
    await world.wake();
    expect(world.requests.flatMap(({ envelopes }) => envelopes.map((text) => JSON.parse(text).id))).toEqual([
      'a1',
      'a3',
    ]);
    // Noted as long as it is in the outbox.
    expect(world.settled).toHaveLength(3);
    world.entries = world.entries.slice(2);
    world.write('ch:a', 'a4');
    await world.wake();
    expect(world.settled).toHaveLength(2);
  });

  test('is left to the page when it waited too long', async () => {
    world.write('ch:a', 'a1');
    world.clock.skip(LIMITS.outbox_ms + 1);
    world.tokens = tokensOf('r1', world.clock.now() + 900_000);
    expect(await world.wake()).toBe('done');
    expect(world.requests).toEqual([]);
  });

  test('is bounded for each request by number and size', async () => {
    for (let n = 0; n < 40; n++) world.write(`ch:${n}`, `x${n}`);
    for (let n = 0; n < 3; n++) {
      world.write(`ch:big${n}`, `big${n}`);
      const big = world.entries.at(-1) as OutboxEntry;
      world.entries.splice(-1, 1, { ...big, envelope: `{"id":"big${n}","text":"${'ā'.repeat(15_000)}"}` });
    }
    expect(await world.wake()).toBe('done');
    expect(world.stored).toHaveLength(43);
    expect(
      world.requests.map(({ envelopes }) => envelopes.length).every((count) => count <= LIMITS.frames_at_once),
    ).toBe(true);
    for (const { envelopes } of world.requests)
      expect(new TextEncoder().encode(envelopes.join()).length).toBeLessThanOrEqual(60_000);
  });
});

describe('refusals', () => {
  // proves AP-17
  test('one that lasts leaves the entry for the page, and lets the next ones go', async () => {
    world.write('ch:a', 'a1', 'a2');
    world.refuse = (id) => (id === 'a1' ? { error: 'forbidden' } : null);
    expect(await world.wake()).toBe('done');
    expect(world.stored).toEqual(['a2']);
    expect(world.entries.map(({ id }) => id)).toEqual(['a1', 'a2']);
  });

  // proves AP-16
  test('one that passes holds back its conversation for the time given, and no other', async () => {
    world.write('ch:a', 'a1', 'a2');
    world.write('ch:b', 'b1', 'b2');
    const from = world.clock.now() + 5_000;
    world.refuse = (id) =>
      id === 'a1' && world.clock.now() < from ? { error: 'rate_limited', retry_after_ms: 5_000 } : null;
    const waking = world.wake();
    await settle();
    expect(world.stored).toEqual(['b1', 'b2']);
    await world.clock.pass(4_999);
    expect(world.stored).toHaveLength(2);
    await world.clock.pass(1);
    expect(await waking).toBe('done');
    expect(world.stored).toEqual(['b1', 'b2', 'a1', 'a2']);
  });

  // proves AP-17
  test('one that passes later than the wake-up ends it as a failure', async () => {
    world.write('ch:a', 'a1');
    world.refuse = () => ({ error: 'rate_limited', retry_after_ms: WAKE_MS });
    expect(await world.wake()).toBe('later');
    expect(world.requests).toHaveLength(1);
  });

  // proves AP-17
  test('a wake-up is bounded in time, and silence counts as a refusal that passes', async () => {
    world.write('ch:a', 'a1', 'a2');
    world.refuse = () => 'silent';
    const waking = world.wake();
    await world.clock.pass(WAKE_MS);
    expect(await waking).toBe('later');
    expect(world.stored).toEqual([]);
    expect(world.requests.every(({ envelopes }) => envelopes.length === 1)).toBe(true);
    expect(world.requests.length).toBeLessThan(50);
  });

  test('an id of the wrong time is the page’s to mint anew, and what was written after it waits', async () => {
    world.write('ch:a', 'a1', 'a2');
    world.write('ch:b', 'b1');
    world.refuse = (id) => (id === 'a1' ? { error: 'id_out_of_range' } : null);
    expect(await world.wake()).toBe('done');
    expect(world.stored).toEqual(['b1']);
    expect(world.settled).toHaveLength(1);
  });

  const troubles: readonly (readonly [string, WakeEnd, Partial<World>])[] = [
    ['a network that carries nothing', 'later', { hangs: true }],
    ['no network', 'later', { reachable: false }],
    ['a page of a hotel', 'later', { refuseAll: () => 200 }],
    ['a gateway without a server', 'later', { refuseAll: () => 502 }],
    ['a fault of the server', 'later', { refuseAll: () => ({ error: 'internal' }) }],
    ['a person who was removed', 'done', { refuseAll: () => ({ error: 'banned' }) }],
  ];
  // proves AP-17
  test.each(troubles)('%s ends it as %s after one request', async (_name, end, arrange) => {
    world.write('ch:a', 'a1', 'a2');
    Object.assign(world, arrange);
    const waking = world.wake();
    await world.clock.pass(WAKE_MS);
    expect(await waking).toBe(end);
    expect(world.requests.length).toBeLessThanOrEqual(1);
    expect(world.settled).toEqual([]);
    expect(world.stored).toEqual([]);
  });
});

describe('the sign-in', () => {
  // proves AP-18
  test('nobody signed in: nothing is read and nothing sent', async () => {
    world.write('ch:a', 'a1');
    world.tokens = null;
    expect(await world.wake()).toBe('done');
    expect(world.requests).toEqual([]);
  });

  // proves AP-18
  test('expired credentials are renewed once, and kept for the page', async () => {
    world.write('ch:a', 'a1', 'a2');
    world.tokens = tokensOf('r1', world.clock.now() - 1);
    expect(await world.wake()).toBe('done');
    expect(world.exchanged).toEqual(['r1']);
    expect(world.tokens?.refresh_token).toBe('r1+');
    expect(world.stored).toEqual(['a1', 'a2']);
    expect(world.requests.every(({ authorization }) => authorization === 'Bearer access%20of%20r1%2B')).toBe(true);
  });

  test('fresh credentials are tried even if this device’s clock calls them expired', async () => {
    world.write('ch:a', 'a1');
    world.tokens = tokensOf('r1', 0);
    const exchange = tokensOf('r1+', 0);
    world.refuseAll = (by) => (by.includes('r1%2B') || by === 'refresh' ? null : { error: 'token_expired' });
    const waking = world.wake();
    expect(await waking).toBe('done');
    expect(world.exchanged).toEqual([exchange.refresh_token.replace('+', '')]);
    expect(world.stored).toEqual(['a1']);
  });

  // proves AP-18
  test('what a page renewed meanwhile is taken over instead of using a refresh token twice', async () => {
    world.write('ch:a', 'a1');
    world.refuseAll = (by) => {
      if (by.includes('r2')) return null;
      world.tokens = tokensOf('r2', world.clock.now() + 900_000);
      return { error: 'token_expired' };
    };
    expect(await world.wake()).toBe('done');
    expect(world.exchanged).toEqual([]);
    expect(world.stored).toEqual(['a1']);
  });

  // proves AP-18
  test('a refused renewal leaves the sign-in for the page to tell of, and is not tried twice', async () => {
    world.write('ch:a', 'a1');
    world.refuseAll = () => ({ error: 'token_revoked' });
    expect(await world.wake()).toBe('done');
    expect(world.exchanged).toEqual(['r1']);
    expect(world.tokens?.refresh_token).toBe('r1');
  });

  // proves AP-18
  test('a sign-out while credentials are renewed stays one, and nothing is sent after it', async () => {
    world.write('ch:a', 'a1');
    world.tokens = tokensOf('r1', 0);
    world.refuseAll = (by) => {
      if (by === 'refresh') world.tokens = null;
      return null;
    };
    expect(await world.wake()).toBe('done');
    expect(world.tokens).toBeNull();
    expect(world.requests).toEqual([]);
  });
});

describe('pages', () => {
  const tab = () => world.locks.of(AGENT).request(NAMES.tab('t1'), {}, () => new Promise(() => {}));

  // proves AP-19
  test('an open one sends, and the worker does not', async () => {
    world.write('ch:a', 'a1');
    void tab();
    expect(await world.wake()).toBe('pages');
    expect(world.requests).toEqual([]);
  });

  // proves AP-19
  test('one that opens meanwhile is left to it after the request under way', async () => {
    world.write('ch:a', 'a1', 'a2', 'a3');
    world.beforeAnswer = () => {
      if (world.requests.length === 2) void tab();
    };
    expect(await world.wake()).toBe('pages');
    expect(world.stored).toEqual(['a1', 'a2']);
    expect(world.settled).toHaveLength(2);
    expect(world.locks.holder(NAMES.connection)).toBeNull();
  });

  // proves AP-19
  test('the connection’s lock is held while sending, and one who takes it away is left to send', async () => {
    world.write('ch:a', 'a1', 'a2');
    let held: unknown = null;
    world.beforeAnswer = () => {
      held ??= world.locks.holder(NAMES.connection);
      void world.locks.of(AGENT).request(NAMES.connection, { steal: true }, () => new Promise(() => {}));
    };
    expect(await world.wake()).toBe('pages');
    expect(held).toBe(AGENT);
    expect(world.stored).toEqual(['a1']);
  });
});

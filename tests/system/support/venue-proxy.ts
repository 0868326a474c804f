import type { Server, ServerWebSocket } from 'bun';
import { SUBPROTOCOL } from '@konferenco/protocol';
import type { SeededRandom } from '@konferenco/testkit';

/** What a venue's network lets through. */
export interface Lets {
  readonly websocket: boolean;
  /** `held`: the answer is kept back until it ends, as proxies do that look into everything. */
  readonly stream: 'pass' | 'held' | 'refused';
}

interface Relay {
  readonly far: WebSocket;
  readonly early: string[];
}

/**
 * An HTTP proxy in front of one or several nodes, each request to the next of them, as a balancer without sticky sessions
 * sends them. What it lets through can be changed while connections run; those that would not be let through are cut.
 */
export class VenueProxy {
  readonly #targets: readonly number[];
  readonly #server: Server<Relay>;
  readonly #sockets = new Set<ServerWebSocket<Relay>>();
  /** Requests that run, by path. */
  readonly #running = new Map<AbortController, string>();
  #lets: Lets = { websocket: true, stream: 'pass' };
  #turn = 0;
  /** Requests by path. */
  readonly seen = new Map<string, number>();

  constructor(...targets: readonly number[]) {
    this.#targets = targets;
    this.#server = Bun.serve<Relay>({
      port: 0,
      hostname: '127.0.0.1',
      idleTimeout: 60,
      fetch: (request, server) => this.#pass(request, server),
      websocket: {
        data: {} as Relay,
        open: (near) => this.#opened(near),
        message: (near, text) => {
          const { far, early } = near.data;
          if (far.readyState === WebSocket.OPEN) far.send(String(text));
          else early.push(String(text));
        },
        close: (near, code, reason) => {
          this.#sockets.delete(near);
          near.data.far.close(code === 1000 || code >= 3000 ? code : 1000, reason);
        },
      },
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  set lets(lets: Lets) {
    this.#lets = lets;
    if (!lets.websocket) for (const near of this.#sockets) near.terminate();
    if (lets.stream === 'pass') return;
    for (const [request, path] of this.#running) if (path === '/api/stream') request.abort();
  }

  /** Cuts a socket or request that runs, towards both ends; what its answer was is not known. */
  cutOne(random: SeededRandom): boolean {
    const all = [...this.#sockets, ...this.#running.keys()];
    if (all.length === 0) return false;
    const one = random.pick(all);
    if (one instanceof AbortController) one.abort();
    else one.terminate();
    return true;
  }

  async close(): Promise<void> {
    await this.#server.stop(true);
  }

  async #pass(request: Request, server: Server<Relay>): Promise<Response | undefined> {
    const { pathname, search } = new URL(request.url);
    this.seen.set(pathname, (this.seen.get(pathname) ?? 0) + 1);
    const target = this.#targets[this.#turn++ % this.#targets.length];
    if (pathname === '/ws') {
      if (!this.#lets.websocket) return new Response('<h1>Blocked</h1>', { status: 403 });
      const far = new WebSocket(`ws://127.0.0.1:${target}${pathname}${search}`, SUBPROTOCOL);
      const headers = { 'sec-websocket-protocol': SUBPROTOCOL };
      return server.upgrade(request, { data: { far, early: [] }, headers })
        ? undefined
        : new Response('', { status: 400 });
    }
    const isStream = pathname === '/api/stream';
    if (isStream && this.#lets.stream === 'refused') return new Response('<h1>Blocked</h1>', { status: 403 });
    const abort = new AbortController();
    request.signal.addEventListener('abort', () => abort.abort());
    this.#running.set(abort, pathname);
    const done = () => void this.#running.delete(abort);
    abort.signal.addEventListener('abort', done);
    const answer = await fetch(`http://127.0.0.1:${target}${pathname}${search}`, {
      method: request.method,
      headers: request.headers,
      body: await request.arrayBuffer(),
      signal: abort.signal,
    }).catch(() => new Response('', { status: 502 }));
    const body =
      isStream && this.#lets.stream === 'held'
        ? await answer.arrayBuffer().catch(() => null)
        : relay(answer.body, done, () => abort.abort());
    return new Response(body, { status: answer.status, headers: answer.headers });
  }

  #opened(near: ServerWebSocket<Relay>): void {
    this.#sockets.add(near);
    const { far, early } = near.data;
    far.onopen = () => {
      for (const text of early.splice(0)) far.send(text);
    };
    far.onmessage = ({ data }) => void near.send(String(data));
    far.onclose = ({ code, reason }) => {
      if (code === 1000 || code >= 3000) near.close(code, reason);
      else near.terminate();
    };
  }
}

/** What comes, as it comes; where that breaks off, so does this. */
function relay(
  body: ReadableStream<Uint8Array> | null,
  done: () => void,
  cancel: () => void,
): ReadableStream<Uint8Array> | null {
  const reader = body?.getReader();
  if (!reader) {
    done();
    return null;
  }
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const next = await reader.read().catch(() => null);
    if (next?.value) return controller.enqueue(next.value);
    done();
    controller.close();
  };
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}

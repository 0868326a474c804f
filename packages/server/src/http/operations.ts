import { timingSafeEqual } from 'node:crypto';
import type { StoreHealth } from '@konferenco/core';
import type { Metrics } from '../observability/metrics.ts';

export interface OperationsDeps {
  readonly metrics: Metrics;
  readonly health: () => StoreHealth;
  readonly draining: () => boolean;
  readonly topology: () => Promise<unknown>;
  /** Bearer token for metrics and topology; empty: loopback only. */
  readonly metricsToken: string;
}

/**
 * `/healthz`: the process answers. `/readyz`: it takes connections and its store is whole. `/metrics`: Prometheus text.
 * `/topology`: nodes, parts and streams as JSON.
 * `null` for any other path.
 *
 * @param local whether the request came over loopback.
 */
export async function operations(deps: OperationsDeps, request: Request, local: boolean): Promise<Response | null> {
  switch (new URL(request.url).pathname) {
    case '/healthz':
      return Response.json({ ok: true });
    case '/readyz':
      return ready(deps);
    case '/metrics':
      if (!mayReadMetrics(deps.metricsToken, request, local)) return new Response('Unauthorized', { status: 401 });
      return new Response(await deps.metrics.registry.metrics(), {
        headers: { 'content-type': deps.metrics.registry.contentType },
      });
    case '/topology':
      if (!mayReadMetrics(deps.metricsToken, request, local)) return new Response('Unauthorized', { status: 401 });
      return Response.json(await deps.topology(), { headers: { 'cache-control': 'no-store' } });
    default:
      return null;
  }
}

function ready({ health, draining }: OperationsDeps): Response {
  const { ok, damage, waiting } = health();
  const answer = { ok: ok && !draining(), draining: draining(), store: { ok, damage, waiting } };
  return Response.json(answer, { status: answer.ok ? 200 : 503 });
}

function mayReadMetrics(token: string, request: Request, local: boolean): boolean {
  // A proxy on this machine makes everybody look local; whoever it forwards for is not.
  if (token === '') return local && !request.headers.has('x-forwarded-for');
  const given = Buffer.from(request.headers.get('authorization') ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

import type { MiddlewareHandler } from 'hono';

/**
 * @param sockets origins `ws(s)://host[:port]` where a page may open sockets beside its own.
 * @param files origin from which a page may load files beside its own.
 */
const policy = (sockets: readonly string[], files: readonly string[]) => [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  ["img-src 'self' data: blob:", ...files].join(' '),
  ["media-src 'self' blob:", ...files].join(' '),
  "worker-src 'self' blob:",
  // Sockets to the page's own host are 'self' too (CSP 3).
  ["connect-src 'self'", ...sockets, ...files].join(' '),
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
];

/** Sent with every answer and page: nothing is framed, sniffed, or loaded from elsewhere. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // Addresses hold invitation codes.
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Adds {@link SECURITY_HEADERS} and the content policy, and keeps answers of the API out of caches unless they say themselves
 * how they are kept.
 *
 * An answer that brings a header of its own keeps it.
 *
 * @param nodes origins of single nodes, to which a page may be told to open its socket.
 * @param files origin of the storage for files, where that serves them itself.
 */
export function securityHeaders(nodes: () => readonly string[] = () => [], files?: string): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const sockets = nodes().map((origin) => origin.replace(/^http/, 'ws'));
    const headers = {
      ...SECURITY_HEADERS,
      'Content-Security-Policy': policy(sockets, files ? [files] : []).join('; '),
    };
    for (const [name, value] of Object.entries(headers)) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
    if (c.req.path.startsWith('/api/') && !c.res.headers.has('Cache-Control'))
      c.res.headers.set('Cache-Control', 'no-store');
  };
}

/** Lets pages of the listed origins call; with none listed nothing is sent, and browsers refuse. */
export function crossOrigin(origins: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('Origin');
    const allowed = origin !== undefined && origins.includes(origin);
    if (allowed && c.req.method === 'OPTIONS') {
      return c.body(null, 204, {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
        'Access-Control-Allow-Headers': 'Authorization, Content-Type',
        'Access-Control-Max-Age': '600',
        Vary: 'Origin',
      });
    }
    await next();
    if (!allowed) return;
    c.res.headers.set('Access-Control-Allow-Origin', origin);
    c.res.headers.set('Access-Control-Expose-Headers', 'Retry-After');
    c.res.headers.set('Cross-Origin-Resource-Policy', 'cross-origin');
    c.res.headers.append('Vary', 'Origin');
  };
}

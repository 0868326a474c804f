import { gzipSync } from 'node:zlib';

/** Smaller answers gain nothing by it. */
const COMPRESS_FROM = 1_024;

/** The answer, in gzip when it is long enough and the caller takes that. */
export async function compressed(request: Request, answer: Response): Promise<Response> {
  answer.headers.append('Vary', 'Accept-Encoding');
  if (!acceptsGzip(request.headers.get('accept-encoding') ?? '')) return answer;
  const body = new Uint8Array(await answer.arrayBuffer());
  if (body.byteLength < COMPRESS_FROM) return new Response(body, answer);
  const headers = new Headers(answer.headers);
  headers.set('Content-Encoding', 'gzip');
  headers.delete('Content-Length');
  return new Response(gzipSync(body, { level: 1 }), { status: answer.status, headers });
}

function acceptsGzip(header: string): boolean {
  return header
    .toLowerCase()
    .split(',')
    .some((part) => /^\s*(gzip|x-gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/.test(part));
}

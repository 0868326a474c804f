import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answers, type RunningProgram, runProgram } from './program.ts';

/** An S3 server and how to reach a bucket on it. */
export interface RunningS3 {
  readonly server: RunningProgram;
  /** Path-style endpoint. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly access_key: string;
  readonly secret_key: string;
}

export interface S3Options {
  /** Pages of this origin may fetch by script, `*` in it standing for anything; without it none may. */
  readonly corsOrigin?: string;
}

/** The rule that an operator gives a bucket, in a file. */
function corsRules(dir: string, origin: string): string {
  const path = join(dir, 'cors.xml');
  const rule = `<AllowedOrigin>${origin}</AllowedOrigin><AllowedMethod>GET</AllowedMethod>`;
  writeFileSync(path, `<CORSConfiguration><CORSRule>${rule}</CORSRule></CORSConfiguration>`);
  return path;
}

/**
 * s3rver with an empty bucket. It runs on Node: on Bun its lists come out of order. It knows the key of its one account
 * and when a link expires, but compares no signatures and knows no listing of unfinished uploads: what depends on those is
 * not proven by it.
 */
export async function startS3({ corsOrigin }: S3Options = {}): Promise<RunningS3> {
  const bucket = 'konferenco';
  const program = join(dirname(fileURLToPath(import.meta.resolve('s3rver/package.json'))), 'bin/s3rver.js');
  const goesOn = fileURLToPath(new URL('s3rver-goes-on.cjs', import.meta.url));
  const server = await runProgram({
    name: 's3',
    command: ({ port, dir }) => [
      ...['node', '--require', goesOn, program, '--directory', dir, '--address', '127.0.0.1', '--port', `${port}`],
      ...['--silent', '--service-endpoint', 'localhost', '--configure-bucket', bucket],
      ...(corsOrigin === undefined ? [] : [corsRules(dir, corsOrigin)]),
    ],
    url: ({ port }) => `http://127.0.0.1:${port}`,
    isReady: ({ port }) => answers(port),
  });
  return { server, endpoint: server.url, region: 'us-east-1', bucket, access_key: 'S3RVER', secret_key: 'S3RVER' };
}

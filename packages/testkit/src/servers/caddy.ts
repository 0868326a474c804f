import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const CADDYFILE = resolve(import.meta.dir, '../../../../deploy/Caddyfile');
const READY_MS = 20_000;

/** The parts of Caddy's own configuration that a run on loopback has to see to. */
interface CaddyConfig {
  apps: {
    http: { servers: Record<string, { listen: string[]; automatic_https?: unknown }> };
    pki?: unknown;
  };
}

export interface Caddy {
  /** PEM of the certificate authority that signed its certificate. */
  readonly ca: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface CaddyOptions {
  /** Loopback port for https. */
  readonly port: number;
  /** Loopback ports of the Konferenco servers behind it; the node named `node-PORT` is the one at that port. */
  readonly upstreams: readonly number[];
  /** Where certificates are kept; otherwise they go when it stops. */
  readonly dir?: string;
}

/**
 * Runs the shipped Caddyfile. Changed are only its surroundings: it listens on one loopback port alone, keeps its
 * certificates in a folder of its own, and installs none of them on this machine.
 *
 * @throws {Error} when there is no `caddy` to run, or it does not serve.
 */
export async function startCaddy({ port, upstreams, dir }: CaddyOptions): Promise<Caddy> {
  const program = Bun.which('caddy');
  if (!program) throw new Error('caddy is not installed: install it (Debian: apt install caddy)');
  const home = dir ?? mkdtempSync(join(tmpdir(), 'konferenco-caddy-'));
  mkdirSync(home, { recursive: true });
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    XDG_DATA_HOME: home,
    XDG_CONFIG_HOME: home,
    CADDY_SITE: `localhost:${port}`,
    CADDY_UPSTREAM: upstreams.map((upstream) => `127.0.0.1:${upstream}`).join(' '),
    CADDY_NODE: `node-(${upstreams.join('|')})`,
    CADDY_NODE_HOST: '127.0.0.1:',
  };
  const adapted = Bun.spawnSync([program, 'adapt', '--config', CADDYFILE], { env });
  if (!adapted.success) throw new Error(`the Caddyfile is refused: ${adapted.stderr.toString()}`);
  const config = join(home, 'caddy.json');
  writeFileSync(config, JSON.stringify(onLoopback(JSON.parse(adapted.stdout.toString()) as CaddyConfig)));
  const child = Bun.spawn([program, 'run', '--config', config], { env, stdout: 'ignore', stderr: 'ignore' });
  const root = join(home, 'caddy/pki/authorities/local/root.crt');
  const stop = async () => {
    child.kill('SIGKILL');
    await child.exited;
    if (dir === undefined) rmSync(home, { recursive: true, force: true });
  };
  const deadline = Date.now() + READY_MS;
  while (!(await isServing(port, root))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`caddy does not serve on port ${port}`);
    }
    await Bun.sleep(25);
  }
  return { ca: readFileSync(root, 'utf8'), pid: child.pid, stop };
}

/** It listens before its certificate is there: only a whole request says that it serves. */
async function isServing(port: number, root: string): Promise<boolean> {
  if (!(await Bun.file(root).exists())) return false;
  const request = fetch(`https://localhost:${port}/healthz`, { tls: { ca: readFileSync(root, 'utf8') } });
  return request.then(
    () => true,
    () => false,
  );
}

function onLoopback(config: CaddyConfig): object {
  for (const server of Object.values(config.apps.http.servers)) {
    server.listen = server.listen.map((address) => `127.0.0.1${address}`);
    // Port 80 is not ours to take.
    server.automatic_https = { disable_redirects: true };
  }
  const pki = { certificate_authorities: { local: { install_trust: false } } };
  return { ...config, admin: { disabled: true }, apps: { ...config.apps, pki } };
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from './until.ts';

const CADDYFILE = resolve(import.meta.dir, '../../../deploy/Caddyfile');

/** The parts of Caddy's own configuration that a test has to see to. */
interface CaddyConfig {
  admin?: unknown;
  apps: {
    http: { servers: Record<string, { listen: string[]; automatic_https?: unknown }> };
    pki?: unknown;
  };
}

export interface Caddy {
  /** PEM of the certificate authority that signed its certificate. */
  readonly ca: string;
  stop(): Promise<void>;
}

export interface CaddyOptions {
  /** Loopback port for https. */
  readonly port: number;
  /** Loopback port of the Konferenco server behind it. */
  readonly upstream: number;
}

/**
 * Runs the shipped Caddyfile. Changed are only its surroundings: it listens on one loopback port alone, keeps its
 * certificates in a temporary folder, and installs none of them on this machine.
 *
 * @throws {Error} when there is no `caddy` to run.
 */
export async function startCaddy({ port, upstream }: CaddyOptions): Promise<Caddy> {
  const program = Bun.which('caddy');
  if (!program) throw new Error('caddy is not installed: install it (Debian: apt install caddy) to run this test');
  const home = mkdtempSync(join(tmpdir(), 'konferenco-caddy-'));
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    XDG_DATA_HOME: home,
    XDG_CONFIG_HOME: home,
    CADDY_SITE: `localhost:${port}`,
    CADDY_UPSTREAM: `127.0.0.1:${upstream}`,
  };
  const adapted = Bun.spawnSync([program, 'adapt', '--config', CADDYFILE], { env });
  if (!adapted.success) throw new Error(`the Caddyfile is refused: ${adapted.stderr.toString()}`);
  const config = join(home, 'caddy.json');
  writeFileSync(config, JSON.stringify(withinTest(JSON.parse(adapted.stdout.toString()) as CaddyConfig)));
  const child = Bun.spawn([program, 'run', '--config', config], { env, stdout: 'ignore', stderr: 'ignore' });
  const root = join(home, 'caddy/pki/authorities/local/root.crt');
  await until(async () => (await Bun.file(root).exists()) && (await accepts(port)), 'Caddy listens');
  return {
    ca: readFileSync(root, 'utf8'),
    async stop() {
      child.kill('SIGKILL');
      await child.exited;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function withinTest(config: CaddyConfig): CaddyConfig {
  for (const server of Object.values(config.apps.http.servers)) {
    server.listen = server.listen.map((address) => `127.0.0.1${address}`);
    // Port 80 is not this test's to take.
    server.automatic_https = { disable_redirects: true };
  }
  const pki = { certificate_authorities: { local: { install_trust: false } } };
  return { ...config, admin: { disabled: true }, apps: { ...config.apps, pki } };
}

/** A loopback port that nobody else is given until it is released. */
export function reservePort(): { readonly port: number; release(): void } {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  return { port: listener.port, release: () => listener.stop(true) };
}

async function accepts(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

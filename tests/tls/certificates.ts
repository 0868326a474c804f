import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsMaterial } from '../../packages/server/src/adapters/tls.ts';

/** A certificate and its key, as files and as texts. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** An authority for the tests of one file, in a folder that goes with it. */
export class TestAuthority {
  readonly dir = mkdtempSync(join(tmpdir(), 'konferenco-tls-'));
  readonly caFile = join(this.dir, 'authority.pem');

  constructor() {
    // A server may run as another user.
    chmodSync(this.dir, 0o755);
    openssl([
      ...['req', '-x509', ...KEY, '-days', '2', '-subj', '/CN=authority'],
      ...[
        '-addext',
        'basicConstraints=critical,CA:TRUE',
        '-keyout',
        join(this.dir, 'authority.key'),
        '-out',
        this.caFile,
      ],
    ]);
  }

  get ca(): string {
    return readFileSync(this.caFile, 'utf8');
  }

  /** @param names as `DNS:localhost` or `IP:127.0.0.1` */
  issue(name: string, ...names: readonly string[]): Certificate {
    const at = (suffix: string) => join(this.dir, `${name}.${suffix}`);
    const [certFile, keyFile] = [at('pem'), at('key')];
    openssl([
      ...['req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${name}`, '-CA', this.caFile],
      ...['-CAkey', join(this.dir, 'authority.key'), '-addext', 'basicConstraints=critical,CA:FALSE'],
      ...(names.length > 0 ? ['-addext', `subjectAltName=${names.join()}`] : []),
      ...['-keyout', keyFile, '-out', certFile],
    ]);
    return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  }

  /** What trusts this authority, and shows `own`. */
  material(own?: Certificate): TlsMaterial {
    return { ca: this.ca, ...(own ? { cert: own.cert, key: own.key } : {}) };
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** PostgreSQL takes a key that nobody else may read, and does not run as root. */
export function giveToPostgres({ keyFile }: Certificate): void {
  chmodSync(keyFile, 0o600);
  if (process.getuid?.() === 0) chownSync(keyFile, idOf('-u'), idOf('-g'));
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function idOf(which: '-u' | '-g'): number {
  return Number(Bun.spawnSync(['id', which, 'postgres']).stdout.toString());
}

function openssl(args: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(['openssl', ...args]);
  if (exitCode !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
}

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsMaterial } from '../adapters/tls.ts';
import { ConfigError } from '../config/load.ts';
import type { Config } from '../config/options.ts';
import { renewingTls } from './renewing-tls.ts';

/** What the connections to each part need for TLS; absent where nothing is set. */
export interface PartsTls {
  readonly postgres: TlsMaterial | undefined;
  readonly nats: TlsMaterial | undefined;
  readonly redis: TlsMaterial | undefined;
}

/**
 * Reads the files of the TLS options, now and for each connection that is made later: see {@link renewingTls}.
 *
 * @param onUnfit told why files that were replaced cannot be used; those before them are
 * @throws {ConfigError} naming the option whose file cannot be read, is no PEM of its kind, or does not fit the other one
 */
export function readTlsFiles(config: Config, onUnfit: (problem: string) => void): PartsTls {
  const of = (...files: Parameters<typeof materialOf>) => renewingTls(() => materialOf(...files), onUnfit);
  return {
    postgres: of('POSTGRES', config.postgresCaFile, config.postgresCertFile, config.postgresKeyFile),
    nats: of('NATS', config.natsCaFile, config.natsCertFile, config.natsKeyFile),
    redis: of('REDIS', config.redisCaFile, config.redisCertFile, config.redisKeyFile),
  };
}

/** The authorities by which a venue knows its mirror, as `readTlsFiles` does it; absent: those the system knows. */
export function readUplinkTls(config: Config, onUnfit: (problem: string) => void): TlsMaterial | undefined {
  return renewingTls(() => materialOf('UPLINK', config.uplinkCaFile, '', ''), onUnfit);
}

function materialOf(part: string, caFile: string, certFile: string, keyFile: string): TlsMaterial | undefined {
  const name = `KONFERENCO_${part}`;
  if (caFile === '' && certFile === '') return undefined;
  const ca = caFile === '' ? null : readPem(`${name}_CA_FILE`, caFile);
  if (ca !== null) firstCertificate(`${name}_CA_FILE`, caFile, ca);
  if (certFile === '') return ca === null ? undefined : { ca };
  const cert = readPem(`${name}_CERT_FILE`, certFile);
  const certificate = firstCertificate(`${name}_CERT_FILE`, certFile, cert);
  const key = readPem(`${name}_KEY_FILE`, keyFile);
  assertKey(certificate, { setting: `${name}_KEY_FILE`, file: keyFile, key });
  return { ...(ca === null ? {} : { ca }), cert, key };
}

function readPem(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'it fails' } = error as { readonly code?: string };
    throw new ConfigError(`${setting}: ${file} cannot be read (${code}); correct the path or the file's rights`);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The first certificate of a file whose every one can be read. */
function firstCertificate(setting: string, file: string, pem: string): X509Certificate {
  const certificates = (pem.match(CERTIFICATE) ?? []).map(parseCertificate);
  const [first] = certificates;
  if (first && !certificates.includes(null)) return first;
  throw new ConfigError(`${setting}: ${file} holds no certificate in PEM format, or a damaged one`);
}

function parseCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

interface KeyFile {
  readonly setting: string;
  readonly file: string;
  readonly key: string;
}

function assertKey(certificate: X509Certificate, { setting, file, key }: KeyFile): void {
  let fits: boolean;
  try {
    fits = certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    throw new ConfigError(`${setting}: ${file} holds no private key in PEM format, or one with a password`);
  }
  if (!fits) throw new ConfigError(`${setting}: ${file} is the key of another certificate`);
}

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../config/load.ts';
import { readTlsFiles } from './tls-files.ts';

const dir = mkdtempSync(join(tmpdir(), 'konferenco-pem-'));
const at = (name: string) => join(dir, name);
const URLS = {
  KONFERENCO_POSTGRES_URL: 'postgres://a@b/c',
  KONFERENCO_NATS_URL: 'nats://b',
  KONFERENCO_REDIS_URL: 'rediss://b',
};

function issue(name: string): void {
  const made = Bun.spawnSync([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)],
  ]);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
}

beforeAll(() => {
  issue('one');
  issue('two');
  const [one, two] = ['one.pem', 'two.pem'].map((name) => readFileSync(at(name), 'utf8'));
  writeFileSync(at('both.pem'), `# one and two\n${one}\n${two}`);
  writeFileSync(at('torn.pem'), `${one}\n${two?.replace(/\n.{20}/, '\n')}`);
  writeFileSync(at('empty.pem'), '');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const read = (env: Record<string, string>) => readTlsFiles(loadConfig({ ...URLS, ...env }, []));
function complaint(env: Record<string, string>): string {
  try {
    read(env);
    return 'none';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

// proves CN-25
test('each part has its own authorities and certificate, and none where nothing is set', () => {
  const text = (name: string) => readFileSync(at(name), 'utf8');
  expect(
    read({
      KONFERENCO_POSTGRES_CA_FILE: at('both.pem'),
      KONFERENCO_REDIS_CERT_FILE: at('one.pem'),
      KONFERENCO_REDIS_KEY_FILE: at('one.key'),
    }),
  ).toEqual({
    postgres: { ca: text('both.pem') },
    nats: undefined,
    redis: { cert: text('one.pem'), key: text('one.key') },
  });
});

// proves CN-25
test('a file that is missing, damaged or of another kind is named with its option', () => {
  const certificate = (file: string) => complaint({ KONFERENCO_NATS_CA_FILE: at(file) });
  expect(certificate('none.pem')).toMatch(/^KONFERENCO_NATS_CA_FILE: \S+none\.pem cannot be read \(ENOENT\)/);
  for (const file of ['empty.pem', 'torn.pem', 'one.key'])
    expect(certificate(file)).toMatch(/^KONFERENCO_NATS_CA_FILE: .* holds no certificate in PEM format, or a damaged/);
  const key = (file: string) =>
    complaint({ KONFERENCO_NATS_CERT_FILE: at('one.pem'), KONFERENCO_NATS_KEY_FILE: at(file) });
  expect(key('two.key')).toMatch(/^KONFERENCO_NATS_KEY_FILE: .* is the key of another certificate/);
  expect(key('one.pem')).toMatch(/^KONFERENCO_NATS_KEY_FILE: .* holds no private key/);
});

// proves CN-25
test('what cannot be together is refused before a file is read', () => {
  const pem = at('none.pem');
  expect(complaint({ KONFERENCO_NATS_KEY_FILE: pem })).toContain('set KONFERENCO_NATS_CERT_FILE too');
  expect(complaint({ KONFERENCO_NATS_CERT_FILE: pem })).toContain('set KONFERENCO_NATS_KEY_FILE too');
  expect(complaint({ KONFERENCO_REDIS_CA_FILE: pem, KONFERENCO_REDIS_URL: '' })).toContain('KONFERENCO_REDIS_URL too');
  expect(complaint({ KONFERENCO_REDIS_CA_FILE: pem, KONFERENCO_REDIS_URL: 'redis://b' })).toContain('begin');
  const plain = { KONFERENCO_POSTGRES_URL: 'postgres://a@b/c?sslmode=prefer' };
  expect(complaint({ ...plain, KONFERENCO_POSTGRES_CA_FILE: pem })).toContain('take sslmode out');
});

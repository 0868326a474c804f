import { afterAll, beforeAll, expect, test } from 'bun:test';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../config/load.ts';
import { readTlsFiles, readUplinkTls } from './tls-files.ts';

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

const told: string[] = [];
const tell = (problem: string) => void told.push(problem);
const text = (name: string) => readFileSync(at(name), 'utf8');
const read = (env: Record<string, string>) => readTlsFiles(loadConfig({ ...URLS, ...env }, []), tell);
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
test('what was replaced is used from the next connection on, and one that does not fit leaves what was there', async () => {
  for (const kind of ['pem', 'key']) copyFileSync(at(`one.${kind}`), at(`own.${kind}`));
  copyFileSync(at('one.pem'), at('authority.pem'));
  const { redis } = read({
    KONFERENCO_REDIS_CA_FILE: at('authority.pem'),
    KONFERENCO_REDIS_CERT_FILE: at('own.pem'),
    KONFERENCO_REDIS_KEY_FILE: at('own.key'),
  });
  /** What a driver takes when it connects. */
  const connect = async () => {
    await Promise.resolve();
    return { ...redis };
  };
  const one = { ca: text('one.pem'), cert: text('one.pem'), key: text('one.key') };
  expect(await connect()).toEqual(one);
  copyFileSync(at('both.pem'), at('authority.pem'));
  expect(await connect()).toEqual({ ...one, ca: text('both.pem') });
  // Half of a pair: nothing of it is used, not even the authority that came with it, and it is told once.
  copyFileSync(at('two.pem'), at('authority.pem'));
  copyFileSync(at('two.pem'), at('own.pem'));
  for (let times = 0; times < 2; times++) expect(await connect()).toEqual({ ...one, ca: text('both.pem') });
  expect(told).toEqual([expect.stringMatching(/^KONFERENCO_REDIS_KEY_FILE: \S+own\.key is the key of another cert/)]);
  copyFileSync(at('two.key'), at('own.key'));
  expect(await connect()).toEqual({ ca: text('two.pem'), cert: text('two.pem'), key: text('two.key') });
  rmSync(at('own.key'));
  expect(await connect()).toEqual({ ca: text('two.pem'), cert: text('two.pem'), key: text('two.key') });
  expect(told.length).toBe(2);
});

// proves UP-16
test('a venue reads the authorities of its mirror from a file, and names it when it is missing or damaged', () => {
  const own = { KONFERENCO_UPLINK_SECRET: 's'.repeat(32), KONFERENCO_UPLINK_URL: 'wss://talk.example.org' };
  const authorities = (file: string) =>
    readUplinkTls(loadConfig({ ...own, KONFERENCO_UPLINK_CA_FILE: file }, []), tell)?.ca;
  expect(authorities(at('both.pem'))).toBe(text('both.pem'));
  expect(authorities('')).toBeUndefined();
  expect(() => authorities(at('torn.pem'))).toThrow(/^KONFERENCO_UPLINK_CA_FILE: .* or a damaged one$/);
  expect(() => authorities(at('none.pem'))).toThrow(/^KONFERENCO_UPLINK_CA_FILE: .* cannot be read \(ENOENT\)/);
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

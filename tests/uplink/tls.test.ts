import { afterAll, expect, test } from 'bun:test';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { publish } from '../cluster/support.ts';
import { until } from '../system/support/until.ts';
import { type Certificate, TestAuthority } from '../tls/certificates.ts';
import { bothHave, PATIENCE_MS, useUplink } from './support.ts';

const uplink = useUplink();
const authority = new TestAuthority();
const stranger = new TestAuthority();

/** What stands before a mirror and speaks TLS, as a proxy in a data centre does. */
class Door {
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  static async open(certificate: Certificate, target: number): Promise<Door> {
    const door = new Door(certificate, target);
    await new Promise<void>((resolve) => door.#server.listen(0, '127.0.0.1', resolve));
    return door;
  }

  private constructor({ cert, key }: Certificate, target: number) {
    this.#server = createServer({ cert, key }, (near) => {
      const far = connect({ port: target, host: '127.0.0.1' });
      for (const [end, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(end);
        end.on('error', () => undefined);
        end.on('close', () => {
          this.#open.delete(end);
          other.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
    this.#server.on('tlsClientError', () => undefined);
  }

  get url(): string {
    return `wss://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Shows another certificate from now on; whoever is there has to come again. */
  show({ cert, key }: Certificate): void {
    this.#server.setSecureContext({ cert, key });
    for (const socket of this.#open) socket.destroy();
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
  }
}

const doors: Door[] = [];
afterAll(() => {
  for (const door of doors) door.close();
  authority.remove();
  stranger.remove();
});

async function openDoor(certificate: Certificate): Promise<Door> {
  const door = await Door.open(certificate, uplink().mirrorPort);
  doors.push(door);
  return door;
}

/** The venue starts again and calls the mirror at this door. */
async function call(door: Door, caFile: string): Promise<void> {
  await uplink().home.kill();
  await uplink().startHome({ KONFERENCO_UPLINK_URL: door.url, KONFERENCO_UPLINK_CA_FILE: caFile });
}

const faultIs = (text: string) =>
  until(
    async () => (await uplink().part(uplink().home))?.detail.includes(text) === true,
    `the uplink is away because: ${text}`,
    PATIENCE_MS,
  );

const HERE = ['DNS:localhost', 'IP:127.0.0.1'];

// proves UP-16
test('a mirror whose certificate is of an authority of one’s own is trusted by its file, and by nothing else', async () => {
  const door = await openDoor(authority.issue('mirror', ...HERE));
  for (const file of ['', stranger.caFile]) {
    await call(door, file);
    await faultIs('KONFERENCO_UPLINK_CA_FILE');
  }
  expect((await uplink().part(uplink().mirror))?.state).toBe('away');
  await call(door, authority.caFile);
  await uplink().together();
  expect(await publish(uplink().mirror.httpUrl, 'ann', 'hall', 'over TLS')).toMatchObject({ status: 200, error: '' });
  expect(await bothHave(uplink(), 'ch:hall', 'ann', 1)).toEqual(['over TLS']);
});

// proves UP-16
test('another authority is trusted as soon as its file is there, and not before', async () => {
  const next = new TestAuthority();
  const door = await openDoor(authority.issue('mirror', ...HERE));
  await call(door, authority.caFile);
  await uplink().together();
  door.show(next.issue('mirror', ...HERE));
  await faultIs('KONFERENCO_UPLINK_CA_FILE');
  copyFileSync(next.caFile, authority.caFile);
  await uplink().together();
  next.remove();
});

// proves UP-16
test('a certificate of another host name is refused', async () => {
  const foreign = new TestAuthority();
  const door = await openDoor(foreign.issue('elsewhere', 'DNS:elsewhere.test'));
  await call(door, foreign.caFile);
  await faultIs('KONFERENCO_UPLINK_URL');
  foreign.remove();
});

// proves UP-16
test('a damaged file of authorities ends the start with a sentence that names it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'konferenco-damaged-'));
  const file = join(dir, 'authority.pem');
  writeFileSync(file, authority.ca.slice(0, -60));
  const main = Bun.resolveSync('@konferenco/server/main', import.meta.dir);
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', PORT: '0', KONFERENCO_DATA: join(dir, 'data') },
    ...{ KONFERENCO_UPLINK_URL: 'wss://127.0.0.1:1', KONFERENCO_UPLINK_SECRET: 's'.repeat(32) },
    KONFERENCO_UPLINK_CA_FILE: file,
  };
  const child = Bun.spawn([process.execPath, main], { env, stdout: 'ignore', stderr: 'pipe' });
  expect(await new Response(child.stderr).text()).toBe(
    `Konferenco cannot start:\nKONFERENCO_UPLINK_CA_FILE: ${file} holds no certificate in PEM format, or a damaged one\n`,
  );
  expect(await child.exited).toBe(1);
  rmSync(dir, { recursive: true });
});

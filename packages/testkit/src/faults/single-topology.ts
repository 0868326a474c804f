import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../servers/program.ts';
import { mountSmallDisk } from './full-disk.ts';
import { ServerNode } from './server-node.ts';
import { TcpProxy } from './tcp-proxy.ts';
import type { Topology, TopologyOptions } from './topology.ts';

/** Room for what some minutes of a run say, and little enough to be filled in a moment. */
const DISK_MB = 256;

/** Messages a second of one channel above which a digest is sent: low, so that bursts bring it about. */
export const DIGEST_RATE = 30;

/** One node with the embedded store, as a process, behind one link. */
export async function singleTopology({ dir, seed }: Pick<TopologyOptions, 'dir' | 'seed'>): Promise<Topology> {
  const port = await freePort();
  const proxy = await TcpProxy.start({ target: port, seed });
  const disk = await mountSmallDisk(DISK_MB);
  const data = typeof disk === 'string' ? mkdtempSync(join(tmpdir(), 'konferenco-faults-')) : disk.dir;
  const node = new ServerNode({
    name: 'node',
    url: `http://127.0.0.1:${proxy.port}`,
    logFile: join(dir, 'node.log'),
    env: { ...NODE_ENV, PORT: String(port), KONFERENCO_DATA: data },
  });
  const close = async () => {
    node.resume();
    await node.kill();
    await proxy.close();
    if (typeof disk === 'string') rmSync(data, { recursive: true, force: true });
    else await disk.remove();
  };
  try {
    await node.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name: 'single',
    nodes: [node],
    services: [],
    links: [{ name: 'clients → node', proxy }],
    ...(typeof disk === 'string'
      ? { missing: [disk], disks: [] }
      : { missing: [], disks: [{ name: 'node', fill: () => disk.fill() }] }),
    close,
  };
}

export const NODE_ENV: Readonly<Record<string, string>> = {
  KONFERENCO_LOG_LEVEL: 'warn',
  KONFERENCO_RATE_LIMITS: 'off',
  KONFERENCO_DIGEST_RATE: String(DIGEST_RATE),
};

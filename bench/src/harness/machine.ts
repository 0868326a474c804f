import { cpus, release, totalmem, type } from 'node:os';
import { canPin } from './process.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gib: number;
  readonly kernel: string;
  readonly bun: string;
  readonly node: string;
  /** Server and load each had a core to themselves. */
  readonly pinned: boolean;
}

/** The machine as far as it explains a figure. */
export function describeMachine(): Machine {
  const all = cpus();
  const node = Bun.spawnSync(['node', '--version']);
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    bun: Bun.version,
    node: node.success ? node.stdout.toString().trim() : 'none',
    pinned: canPin(),
  };
}

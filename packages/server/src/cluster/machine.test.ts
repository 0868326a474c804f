import { describe, expect, test } from 'bun:test';
import { availableParallelism, totalmem } from 'node:os';
import { readMachine } from './machine.ts';

const GIB = 1_024 ** 3;
const files = (texts: Readonly<Record<string, string>>) => (path: string) => texts[path] ?? null;

// proves CN-13
describe('what this process may use', () => {
  test('is what its control group of version 2 leaves it, or the tightest group around', () => {
    const machine = readMachine(
      files({
        '/proc/self/cgroup': '0::/pod/container\n',
        '/sys/fs/cgroup/pod/container/cpu.max': 'max 100000\n',
        '/sys/fs/cgroup/pod/cpu.max': '50000 100000\n',
        '/sys/fs/cgroup/pod/container/memory.max': 'max\n',
        '/sys/fs/cgroup/pod/memory.max': '1073741824\n',
        '/sys/fs/cgroup/pod/memory.current': '600000000\n',
        '/sys/fs/cgroup/pod/memory.stat': 'anon 1\ninactive_file 100000000\nactive_file 2\n',
      }),
    );
    expect(machine).toMatchObject({ cores: 0.5, memoryLimit: GIB });
    expect(machine.usedBytes()).toBe(500_000_000);
  });

  test('is what its control groups of version 1 leave it, also seen from inside a container', () => {
    const machine = readMachine(
      files({
        '/proc/self/cgroup': '4:memory:/docker/abc\n3:cpuset:/\n2:cpu,cpuacct:/docker/abc\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '25000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1073741824\n',
        '/sys/fs/cgroup/memory/memory.usage_in_bytes': '300\n',
        '/sys/fs/cgroup/memory/memory.stat': 'inactive_file 7\ntotal_inactive_file 100\n',
      }),
    );
    expect(machine).toMatchObject({ cores: 0.25, memoryLimit: GIB });
    expect(machine.usedBytes()).toBe(200);
  });

  test('is the whole machine where nothing limits it', () => {
    const unlimited = files({
      '/proc/self/cgroup': '0::/\n4:memory:/\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    for (const machine of [readMachine(files({})), readMachine(unlimited)]) {
      expect(machine).toMatchObject({ cores: availableParallelism(), memoryLimit: totalmem() });
      expect(machine.usedBytes()).toBeGreaterThan(1_000_000);
      expect(machine.residentBytes()).toBeGreaterThan(1_000_000);
    }
  });

  test('is read on this machine without a fault', () => {
    const machine = readMachine();
    expect(machine.cores).toBeGreaterThan(0);
    expect(machine.usedBytes()).toBeLessThanOrEqual(machine.memoryLimit);
    expect(machine.cpuMs()).toBeGreaterThan(0);
  });
});

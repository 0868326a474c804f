import type { Fault } from './schedule.ts';
import type { TcpProxy } from './tcp-proxy.ts';
import type { Target, Topology, TopologyDisk, TopologyNode } from './topology.ts';

/** Makes a fault begin. Resolves with what heals it, to be called once its time is over. */
export async function inject(topology: Topology, fault: Fault): Promise<() => Promise<void>> {
  switch (fault.kind) {
    case 'kill': {
      const target = targetOf(topology, fault.target);
      await target.kill();
      return () => target.restart();
    }
    case 'restart': {
      const target = targetOf(topology, fault.target);
      if ('stop' in target && target.stop) await target.stop();
      else await target.kill();
      return () => target.restart();
    }
    case 'pause': {
      const target = targetOf(topology, fault.target);
      target.pause();
      return async () => target.resume();
    }
    case 'fill_disk':
      return diskOf(topology, fault.disk).fill();
    default: {
      const proxy = proxyOf(topology, fault.link);
      harm(proxy, fault);
      return async () => proxy.heal();
    }
  }
}

function harm(proxy: TcpProxy, fault: Extract<Fault, { readonly link: string }>): void {
  switch (fault.kind) {
    case 'cut':
      proxy.cut();
      return;
    case 'refuse':
      proxy.refuse();
      proxy.cut();
      return;
    case 'stall':
      return fault.direction === 'both' ? proxy.stall() : proxy.stall(fault.direction);
    case 'silence':
      return proxy.silence(fault.direction);
    case 'delay':
      return proxy.delay(fault.by_ms, fault.by_ms);
    case 'throttle':
      return proxy.throttle(fault.bytes_per_s);
  }
}

function targetOf({ nodes, services }: Topology, name: string): Target | TopologyNode {
  const target = [...nodes, ...services].find((one) => one.name === name);
  if (!target) throw new RangeError(`there is no ${name}`);
  return target;
}

function diskOf({ disks }: Topology, name: string): TopologyDisk {
  const disk = disks.find((one) => one.name === name);
  if (!disk) throw new RangeError(`there is no disk of ${name}`);
  return disk;
}

function proxyOf({ links }: Topology, name: string): TcpProxy {
  const link = links.find((one) => one.name === name);
  if (!link) throw new RangeError(`there is no link ${name}`);
  return link.proxy;
}

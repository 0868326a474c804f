import { hostname } from 'node:os';
import type { NodeStart } from '@konferenco/core';
import type { Context } from '../accounts/context.ts';
import type { Config } from '../config/options.ts';
import type { Door } from '../gateway/admission.ts';
import type { Node } from '../node.ts';
import type { Log } from '../observability/log.ts';
import manifest from '../../package.json' with { type: 'json' };
import { type Cluster, createCluster } from './cluster.ts';
import { readMachine } from './machine.ts';
import { registerSignals } from './signals.ts';
import { Vitals } from './vitals.ts';

/** A node's name: the operator's, or one that no other process has. It stands in cookies and subjects of the bus. */
export function nodeNameOf({ nodeName }: Pick<Config, 'nodeName'>): string {
  return (
    nodeName ||
    `${hostname()
      .replace(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, 50)}-${process.pid}`
  );
}

export interface JoinParts {
  readonly context: Context;
  readonly node: Node;
  readonly door: Door;
  readonly log: Log;
  readonly start: NodeStart;
  /** Told that this node has to end, because another one bears its name. */
  readonly onNamesake: () => void;
}

/** Makes a node part of the cluster that its bus reaches, and of its metrics what an autoscaler goes by. */
export function joinCluster(config: Config, { context, node, door, log, start, onNamesake }: JoinParts): Cluster {
  const { bus, clock, store } = context;
  const { gateway, metrics, services } = node;
  const vitals = new Vitals({
    machine: readMachine(),
    connections: () => gateway.connections,
    users: () => services.hub.users,
    commitQueue: () => store.health().waiting,
    totals: () => metrics.totals(),
    messages: metrics.messages,
    now: () => performance.now(),
  });
  const cluster = createCluster({
    start,
    url: config.nodeUrl || null,
    version: manifest.version,
    maxConnections: config.maxConnections,
    bus,
    clock,
    report: () => vitals.sample(),
    door,
    gateway,
    onEvent: ({ kind, node: other }) => {
      if (kind === 'namesake') log.error({ node: other }, 'another node has the same name: set KONFERENCO_NODE');
      else if (other !== start.name) log.info({ node: other }, `node ${kind}`);
    },
    onNamesake,
    onFault: services.onFault,
  });
  registerSignals(metrics.registry, () => ({ ...cluster.vitals, connections: gateway.connections }));
  return cluster;
}

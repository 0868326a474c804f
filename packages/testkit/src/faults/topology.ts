import type { TcpProxy } from './tcp-proxy.ts';

/** A process that faults befall. */
export interface Target {
  readonly name: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again where it was, after `kill`. Resolves when it serves. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

export interface TopologyNode extends Target {
  /** Base address at which clients reach it, `http://127.0.0.1:PORT`, through its link. */
  readonly url: string;
  /** SIGTERM: clients are asked to move, then it ends. `restart` starts it again. */
  stop?(): Promise<void>;
  /** How it ended without having been told to; it was started again each time. */
  readonly crashes: readonly string[];
}

export interface TopologyService extends Target {
  readonly name: 'postgres' | 'nats' | 'redis';
  /** The server itself, past every link. */
  readonly url: string;
}

export interface TopologyLink {
  readonly name: string;
  readonly proxy: TcpProxy;
}

/** A running system, and everything about it that can fail. */
export interface Topology {
  readonly name: string;
  readonly nodes: readonly TopologyNode[];
  readonly services: readonly TopologyService[];
  readonly links: readonly TopologyLink[];
  /** Leaves no room on the disk of the store. Resolves with what makes room again; absent where it cannot be done. */
  fillDisk?(): Promise<() => Promise<void>>;
  /** Sentences about faults that cannot be made on this machine. */
  readonly missing: readonly string[];
  /** Ends everything and removes what it kept. */
  close(): Promise<void>;
}

export interface TopologyOptions {
  /** Folder for what the run leaves to be read, such as the nodes' logs. */
  readonly dir: string;
  /** Seed of the links' jitter. */
  readonly seed: number;
  /** Options of every node by environment name, beside the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
}

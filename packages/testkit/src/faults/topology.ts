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
  /** @param once Options of this start alone, by environment name. */
  restart(once?: Readonly<Record<string, string>>): Promise<void>;
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

/** A file system of the run's own, with little room. */
export interface TopologyDisk {
  readonly name: string;
  /**
   * Leaves no room on it. Resolves with what makes room again and then does what an operator has to: starts what ended or
   * hangs for want of it.
   */
  fill(): Promise<() => Promise<void>>;
}

/** A running system, and everything about it that can fail. */
export interface Topology {
  readonly name: string;
  readonly nodes: readonly TopologyNode[];
  readonly services: readonly TopologyService[];
  readonly links: readonly TopologyLink[];
  readonly disks: readonly TopologyDisk[];
  /** What is not as it should be although all is quiet and nobody sees it, such as streams that lack something; `null`: nothing. */
  hiddenFault?(): Promise<string | null>;
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
  /** Services keep their data on disks that can be filled. */
  readonly small_disks?: boolean;
}

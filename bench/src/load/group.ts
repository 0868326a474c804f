import type { Connection } from './connection.ts';
import type { Crowd } from './crowd.ts';
import { IDLE, type Sink, type Wire } from './wire.ts';

/** What went wrong or was not a message, summed over a group. */
export interface Counters {
  /** Connections that ended without being asked to. */
  dropped: number;
  heartbeats: number;
  /** Frames that told of others' presence. */
  presences: number;
  /** Messages the server announced as left out of a digest. */
  skipped: number;
  /** Frames whose messages, counted by scanning, differ from a full parse. */
  miscounted: number;
  /** Bytes of message frames, their headers not included. */
  bytes: number;
  /** Refusals by name. */
  readonly errors: Record<string, number>;
}

/** Connections of one kind that are opened, driven and closed together. */
export class Group {
  readonly wire: Wire;
  /** Joined on connecting; `null`: none, or what `crowd` says. */
  readonly channel: string | null;
  /** Who belongs to which of many channels, where it is not one channel for all. */
  readonly crowd: Crowd | null;
  readonly connections: Connection[] = [];
  readonly counters: Counters = {
    dropped: 0,
    heartbeats: 0,
    presences: 0,
    skipped: 0,
    miscounted: 0,
    bytes: 0,
    errors: {},
  };
  /** Credentials by user, for those who do not come by name. */
  readonly tickets = new Map<string, string>();
  /** Makes a credential at the moment of connecting, for those who come by tickets that soon end. */
  mint: ((user: string) => string) | null = null;
  /** Those that have received what they have not yet acknowledged, where the protocol asks for that. */
  readonly owing = new Set<Connection>();
  sink: Sink = IDLE;
  #frames = 0;
  #echoed = -1;
  #echo: Buffer = Buffer.alloc(0);

  constructor(wire: Wire, channel: string | null, crowd: Crowd | null = null) {
    this.wire = wire;
    this.channel = channel;
    this.crowd = crowd;
  }

  /** The channels a connection joins. */
  channelsOf({ index }: Connection): readonly string[] {
    if (this.crowd) return this.crowd.channelsOf(index);
    return this.channel === null ? [] : [this.channel];
  }

  /** What a user comes with instead of a name, if anything. */
  ticketOf(user: string): string | undefined {
    return this.mint ? this.mint(user) : this.tickets.get(user);
  }

  /** True once in 256 message frames: this one is parsed in full to check the counting. */
  isSample(): boolean {
    return (this.#frames++ & 255) === 0;
  }

  /** The frame that answers a heartbeat, made once for all that a server asks in one go. */
  echoOf(nonce: number, make: (nonce: number) => Buffer): Buffer {
    if (nonce !== this.#echoed) this.#echo = make(nonce);
    this.#echoed = nonce;
    return this.#echo;
  }

  refused(name: string): void {
    this.counters.errors[name] = (this.counters.errors[name] ?? 0) + 1;
  }
}

import { type BucketRate, fullBucket, type LiveEntry, Sequencer, type TokenBucket } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';

/** A log that somebody on this node is subscribed to: who counts, and what waits for the next write. */
export class LiveLog {
  readonly name: LogName;
  /** Subscribed connections by encoding. */
  frames = 0;
  short = 0;
  readonly sequencer = new Sequencer<LiveEntry>();
  batch: LiveEntry[] = [];
  /** Best-effort envelopes by key; a newer one replaces one still waiting. */
  readonly transients = new Map<string, string>();
  readonly bucket: TokenBucket;
  /** Unix ms since when a hole has been open; 0: none. */
  holeSince = 0;
  /** Unix ms of the last write. */
  writtenAt = 0;
  /** Until then records published on other nodes may pass this one by. */
  followed: void | Promise<void> = undefined;
  /** Whether the batch holds an entry more urgent than normal. */
  isUrgent = false;

  constructor(name: LogName, rate: BucketRate, now: number) {
    this.name = name;
    this.bucket = fullBucket(rate, now);
  }

  get subscribers(): number {
    return this.frames + this.short;
  }
}

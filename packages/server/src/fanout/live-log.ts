import { type BucketRate, fullBucket, type LiveEntry, Sequencer, type TokenBucket } from '@konferenco/core';
import type { LogName, LogState } from '@konferenco/protocol';

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
  /** Where the log began and ended when the store was last asked, and when that was (Unix ms; 0: never). */
  first = 0;
  head = 0;
  askedAt = 0;
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

  /** What the store answered to a question asked at `askedAt`. */
  learn({ first, head }: LogState, askedAt: number): void {
    this.first = first;
    this.head = head;
    this.askedAt = askedAt;
    this.sequencer.start(head);
  }

  /** Up to here a new subscriber has to read; everything after it comes live. */
  get stands(): number {
    return Math.max(this.head, this.sequencer.position ?? 0);
  }

  get subscribers(): number {
    return this.frames + this.short;
  }
}

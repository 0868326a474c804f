import { type Bus, type CrowdPart, LEASE_MS, type PresenceDirectory } from '@konferenco/core';
import type { PresenceStatus } from '@konferenco/protocol';
import { LocalCrowd } from './local-crowd.ts';
import { GATHER_MS, LARGE_GATHER_MS, MOST_NAMED, PART_REPEAT_MS } from './pace.ts';
import type { Versions } from './versions.ts';

/** How often a part is written to the directory at the most. */
const WRITE_MS = 1_000;

export interface CountedDeps {
  readonly node: string;
  readonly bus: Bus;
  readonly directory: PresenceDirectory | null;
  readonly versions: Versions;
  /** The merge of a user's connections here. */
  readonly here: (user: string) => PresenceStatus;
  readonly onDirectoryFailure: () => void;
}

/** A channel whose hearers are counted here, and told to the nodes that watch it. Times are Unix ms. */
export class CountedChannel {
  readonly crowd: LocalCrowd;
  readonly channel: string;
  readonly #deps: CountedDeps;
  #wantedUntil = 0;
  #keptUntil: number;
  #saidAt = 0;
  #wholeAt = 0;
  #writtenAt = 0;
  #isWholeDue = true;

  constructor(deps: CountedDeps, channel: string, now: number) {
    this.#deps = deps;
    this.channel = channel;
    this.crowd = new LocalCrowd(deps.here);
    this.#keptUntil = now + LEASE_MS;
  }

  /** Another node watches it, or may; `whole`: it wants to be told everything. */
  want(whole: boolean, now: number): void {
    this.#wantedUntil = now + LEASE_MS;
    this.#isWholeDue ||= whole;
  }

  /** Is counted for a while although nobody may watch it. */
  keep(now: number): void {
    this.#keptUntil = now + LEASE_MS;
  }

  /** What was said may have been lost. */
  sayAgain(): void {
    this.#isWholeDue = true;
  }

  /** Whether nobody on another node has use for counting it any more. */
  isOver(now: number): boolean {
    if (!this.#isWanted(now)) return this.#keptUntil <= now;
    return this.crowd.count === 0 && !this.crowd.hasChanges && !this.#isWholeDue;
  }

  /** Tells the nodes that watch it what changed, as often as its size allows, and everything now and then. */
  tick(now: number): void {
    if (!this.#isWanted(now)) return this.crowd.forgetChanges();
    if (now - this.#saidAt >= (this.crowd.count > MOST_NAMED ? LARGE_GATHER_MS : GATHER_MS)) this.say(now);
  }

  /** Tells them now. */
  say(now: number): void {
    const whole = this.#isWholeDue || now - this.#wholeAt >= PART_REPEAT_MS;
    if (!this.#isWanted(now) || (!whole && !this.crowd.hasChanges)) return;
    const { bus, node, versions } = this.#deps;
    const { crowd, channel } = this;
    const word = crowd.say(versions.next(), whole);
    this.#saidAt = now;
    if (whole) this.#wholeAt = now;
    this.#isWholeDue = false;
    bus.publish({ kind: 'crowd', node, channel, ...word });
    if (!whole && now - this.#writtenAt < WRITE_MS) return;
    this.#writtenAt = now;
    this.#write({ channel, version: word.version, count: word.count, present: crowd.present() });
  }

  #isWanted(now: number): boolean {
    return this.#deps.bus.lossy && this.#wantedUntil > now;
  }

  #write(part: CrowdPart): void {
    const { directory, onDirectoryFailure } = this.#deps;
    if (directory?.available) directory.writeParts([part]).catch(onDirectoryFailure);
  }
}

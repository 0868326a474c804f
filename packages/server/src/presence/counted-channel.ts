import { type Bus, type CrowdPart, LEASE_MS, PART_LEASE_MS, type PresenceDirectory } from '@konferenco/core';
import type { PresenceStatus } from '@konferenco/protocol';
import { LocalCrowd } from './local-crowd.ts';
import { GATHER_MS, LARGE_GATHER_MS, MOST_NAMED, OFFER_MS, PART_REPEAT_MS } from './pace.ts';
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
  /** When it was heard here after nobody had. */
  #heardAt = 0;
  #offeredUntil = 0;
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

  /** Another node watches it; `whole`: it wants to be told everything. */
  want(whole: boolean, now: number): void {
    this.#wantedUntil = now + LEASE_MS;
    this.#isWholeDue ||= whole;
  }

  /** It is heard here from now on: is told for a while, so that whoever watches it elsewhere can say so. */
  offer(now: number): void {
    this.#heardAt = now;
    this.#offeredUntil = now + OFFER_MS;
    this.#isWholeDue = true;
  }

  /** Is counted for a while although nobody may watch it. */
  keep(now: number): void {
    this.#keptUntil = now + LEASE_MS;
  }

  /** What was said lately may have been lost, and so may the answers. */
  sayAgain(now: number): void {
    if (now - this.#heardAt < LEASE_MS) this.#offeredUntil = now + OFFER_MS;
    this.#isWholeDue = true;
  }

  /** Who is here, or how they show, changed. Returns whether other nodes are to be told. */
  changed(now: number): boolean {
    if (this.#toldUntil > now) return true;
    this.#forget();
    return false;
  }

  /** Whether nobody on another node has use for counting it any more. */
  isOver(now: number): boolean {
    if (this.#toldUntil <= now) return this.#keptUntil <= now;
    return this.crowd.count === 0 && !this.crowd.hasChanges && !this.#isWholeDue;
  }

  /**
   * Tells the nodes that watch it what changed, as often as its size allows, and everything now and then.
   *
   * @returns when it is to be looked at again, unless something changes before.
   */
  tick(now: number): number {
    if (this.#toldUntil <= now) {
      this.#forget();
      this.#withdraw(now);
      return this.#keptUntil > now ? this.#keptUntil : Number.POSITIVE_INFINITY;
    }
    const pause = this.crowd.count > MOST_NAMED ? LARGE_GATHER_MS : GATHER_MS;
    if (now - this.#saidAt >= pause) this.say(now);
    if (this.crowd.hasChanges || this.#isWholeDue) return this.#saidAt + pause;
    return Math.min(this.#wholeAt + PART_REPEAT_MS, this.#toldUntil);
  }

  /** Tells them now. */
  say(now: number): void {
    const whole = this.#isWholeDue || now - this.#wholeAt >= PART_REPEAT_MS;
    if (this.#toldUntil <= now || (!whole && !this.crowd.hasChanges)) return;
    const { bus, node, versions } = this.#deps;
    const { crowd, channel } = this;
    const word = crowd.say(versions.next(), whole);
    this.#saidAt = now;
    if (whole) this.#wholeAt = now;
    this.#isWholeDue = false;
    const isWanted = this.#wantedUntil > now;
    bus.publish({ kind: 'crowd', node, channel, ...word, ...(isWanted ? {} : { asks: true }) });
    // Where nobody is left, nothing may be said any more, so the directory has to know at once.
    if (!isWanted || (!whole && crowd.count > 0 && now - this.#writtenAt < WRITE_MS)) return;
    this.#writtenAt = now;
    this.#write({ channel, version: word.version, count: word.count, present: crowd.present() });
  }

  get #toldUntil(): number {
    return this.#deps.bus.lossy ? Math.max(this.#wantedUntil, this.#offeredUntil) : 0;
  }

  /** What is not told now is part of everything, which is told first when somebody wants it. */
  #forget(): void {
    if (!this.crowd.hasChanges) return;
    this.crowd.forgetChanges();
    this.#isWholeDue = true;
  }

  /** What the directory holds is not kept true any more. */
  #withdraw(now: number): void {
    if (now - this.#writtenAt >= PART_LEASE_MS) return;
    this.#writtenAt = 0;
    this.#write({ channel: this.channel, version: this.#deps.versions.next(), count: 0, present: [] });
  }

  #write(part: CrowdPart): void {
    const { directory, onDirectoryFailure } = this.#deps;
    if (directory?.available) directory.writeParts([part]).catch(onDirectoryFailure);
  }
}

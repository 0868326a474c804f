export interface CrowdPlan {
  /** Everybody, in all load processes; a multiple of `members`. */
  readonly people: number;
  /** Number of this process's first person. */
  readonly from: number;
  /** Channels each person is in. */
  readonly subscriptions: number;
  /** People in each channel. */
  readonly members: number;
}

/** Sets the rounds of {@link Crowd} apart: a prime, so that two people rarely share more than one channel. */
const STRIDE = 7919;

/**
 * A crowd in which everybody is in the same number of channels and every channel has the same number of members, who are spread
 * evenly over all people, and with them over load processes and nodes.
 *
 * People are split into `members` rows of equal length. In each round a channel takes one person of every row, each row shifted
 * by another distance.
 */
export class Crowd {
  readonly #plan: CrowdPlan;
  readonly #length: number;

  /** @throws {RangeError} when the people do not fill the rows */
  constructor(plan: CrowdPlan) {
    if (plan.people % plan.members !== 0) throw new RangeError('the people must be a multiple of the members');
    this.#plan = plan;
    this.#length = plan.people / plan.members;
  }

  /** Channels of the person whose connection is number `index` in this process. */
  channelsOf(index: number): readonly string[] {
    return Array.from({ length: this.#plan.subscriptions }, (_, round) => this.channelOf(index, round));
  }

  /** The channel of one round. */
  channelOf(index: number, round: number): string {
    const person = this.#plan.from + index;
    const row = Math.floor(person / this.#length);
    return `c${round * this.#length + ((person + row * round * STRIDE) % this.#length)}`;
  }
}

import type { BusRecord } from '../ports/bus.ts';
import { type NodeReport, type NodeStart, startOf } from './node-report.ts';
import { NODE_TIMES } from './node-table.ts';

/** A record by which a node that starts asks whether its name is borne, or by which its bearer says so. */
export type ClaimRecord = Extract<BusRecord, { readonly kind: 'claim' }>;

/** Whether a node still asks for its name, or bears it. */
export type ClaimStanding = 'asking' | 'held';

/**
 * What becomes of a claim that was heard:
 * - `tell`: its start hears that the name is taken
 * - `ask`: a start that precedes this one asks as well, and tells this one when it is asked
 * - `give_up`: somebody alive bears this node's name
 */
export type ClaimAnswer = 'tell' | 'ask' | 'give_up' | 'nothing';

/**
 * Decides who bears a name: whoever bears it already, and of those that ask at the same time the one that precedes. What a
 * node said before it died decides nothing, because only an answer to this very start does.
 */
export function answerClaim(own: NodeStart, standing: ClaimStanding, claim: ClaimRecord): ClaimAnswer {
  if (claim.node !== own.name || claim.start === own.id) return 'nothing';
  if (claim.to !== null) return claim.to === own.id && standing === 'asking' ? 'give_up' : 'nothing';
  const isFirst = standing === 'held' || precedes(own, { id: claim.start, at: claim.started_at });
  return isFirst ? 'tell' : 'ask';
}

/** Reports after which a node has borne its name for so long that another of that name, had it lived, would be gone. */
const SETTLED = NODE_TIMES.gone_ms / NODE_TIMES.report_ms;
/** Reports that come closer to each other were held up together, and may be those of a node that died meanwhile. */
const APART_MS = NODE_TIMES.report_ms / 2;

/** A namesake as this node heard it. */
interface Heard {
  readonly id: string;
  readonly seq: number;
  readonly at: number;
}

/**
 * Decides which of two nodes of one name ends, when both run: after a partition or a pause, during which neither could hear
 * the other's claim. Both come to the same decision by what they report.
 */
export class Namesakes {
  readonly #own: NodeStart;
  #heard: Heard | null = null;

  constructor(own: NodeStart) {
    this.#own = own;
  }

  /**
   * Takes a report of this node's name, heard at `now`, when this node has sent `ownSeq` reports.
   *
   * @returns whether this node has to end: not before another start of its name was heard twice, each time alive.
   */
  hear(report: NodeReport, ownSeq: number, now: number): boolean {
    const other = startOf(report);
    if (other.name !== this.#own.name || other.id === this.#own.id || report.phase === 'left') return false;
    const before = this.#heard?.id === other.id ? this.#heard : null;
    if (before && (report.seq <= before.seq || now - before.at < APART_MS)) return false;
    this.#heard = { id: other.id, seq: report.seq, at: now };
    return before !== null && mustEnd(this.#own, ownSeq, other, report.seq);
  }
}

/**
 * A node that has just come ends for one that is settled. Of two that have just come, the later one ends. Of two that are
 * settled the earlier one does: it was not heard of for so long that its name was free.
 */
function mustEnd(own: NodeStart, ownSeq: number, other: NodeStart, otherSeq: number): boolean {
  const [isSettled, isOtherSettled] = [ownSeq >= SETTLED, otherSeq >= SETTLED];
  if (isSettled !== isOtherSettled) return isOtherSettled;
  return isSettled ? precedes(own, other) : precedes(other, own);
}

/** An order in which no two starts are equal, whatever their clocks. */
function precedes(a: Omit<NodeStart, 'name'>, b: Omit<NodeStart, 'name'>): boolean {
  return a.at === b.at ? a.id < b.id : a.at < b.at;
}

import { malformed, readList, readState, readString } from './format.ts';
import { compareStrings } from './node-table.ts';
import { VersionVector } from './version-vector.ts';

/** `r`: each live replica and its vector; `h`: the horizon. */
export interface CausalStabilityState {
  readonly v: 1;
  readonly r: readonly (readonly [replica: string, vector: string])[];
  readonly h: string;
}

/**
 * What every live replica is known to have applied, and so what may be forgotten.
 *
 * Baquero, Almeida, Shoker: "Making operation-based CRDTs operation-based" (DAIS 2014). The collecting replica is one of
 * the replicas and reports itself. A replica that stays away is retired, so that it does not hold up collection for ever;
 * when it comes back and has not applied everything that may have been forgotten since, it takes a full state first,
 * applies its own unsent operations to that, and reports again.
 */
export class CausalStability {
  readonly #replicas = new Map<string, VersionVector>();
  /** The merge of all that was ever called stable. */
  #horizon = VersionVector.EMPTY;

  /** @throws {CrdtFormatError} */
  static from(state: unknown): CausalStability {
    const what = 'stability';
    const { r, h } = readState(state, what);
    const stability = new CausalStability();
    for (const row of readList(r, what)) {
      const [replica, vector] = readList(row, what);
      if (stability.#replicas.has(String(replica))) throw malformed(what, 'a replica twice');
      stability.#replicas.set(readString(replica, what), readVector(vector, what));
    }
    stability.#horizon = readVector(h, what);
    return stability;
  }

  /**
   * A replica says what it has applied; reports only ever grow.
   *
   * @returns `full_state` when a new or retired replica has not applied all that may have been forgotten: it is not live
   * until it has taken a full state and reports again.
   */
  report(replica: string, vector: VersionVector): 'ok' | 'full_state' {
    const known = this.#replicas.get(replica);
    if (!known && !vector.covers(this.#horizon)) return 'full_state';
    this.#replicas.set(replica, known ? known.merge(vector) : vector);
    return 'ok';
  }

  /** Stops waiting for a replica. */
  retire(replica: string): void {
    this.#replicas.delete(replica);
  }

  /** The live replicas, in string order. */
  live(): string[] {
    return [...this.#replicas.keys()].sort(compareStrings);
  }

  /** The element-wise minimum over the live replicas; empty when there are none. From now on the horizon covers it. */
  stable(): VersionVector {
    let stable: VersionVector | null = null;
    for (const vector of this.#replicas.values()) stable = stable ? stable.min(vector) : vector;
    const found = stable ?? VersionVector.EMPTY;
    if (!this.#horizon.covers(found)) this.#horizon = this.#horizon.merge(found);
    return found;
  }

  /** What may have been forgotten: a replica that has not applied all of it needs a full state. */
  horizon(): VersionVector {
    return this.#horizon;
  }

  state(): CausalStabilityState {
    const r = this.live().map(
      (replica) => [replica, (this.#replicas.get(replica) ?? VersionVector.EMPTY).toString()] as const,
    );
    return { v: 1, r, h: this.#horizon.toString() };
  }
}

function readVector(value: unknown, what: string): VersionVector {
  return VersionVector.parse(readString(value, what), Number.MAX_SAFE_INTEGER);
}

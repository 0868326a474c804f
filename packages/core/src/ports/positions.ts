/** How long a position is kept at the most, in milliseconds. */
export const POSITIONS_KEPT_MS = 86_400_000;

/** Where somebody was: a point, a zone of the venue, or both. */
export interface KeptPosition {
  /** Of the envelope that told it. */
  readonly id: string;
  /** Unix ms, the store's time. */
  readonly at: number;
  /** Degrees, WGS 84; both or neither. */
  readonly lat?: number;
  readonly lng?: number;
  /** Radius in metres. */
  readonly accuracy_m?: number;
  readonly zone?: string;
}

export interface PositionOf extends KeptPosition {
  readonly user: string;
}

/** That somebody wants their positions to be kept. */
export interface PositionConsent {
  /** Unix ms. */
  readonly given_at: number;
  /** The device it was given on. */
  readonly device: string;
}

export interface PositionQuery {
  readonly user: string;
  /** Unix ms; positions in [from, to). */
  readonly from: number;
  readonly to: number;
  /** Last position of the page before. */
  readonly after?: Pick<KeptPosition, 'at' | 'id'>;
  readonly limit: number;
}

/**
 * A time series of where people were, kept for those who want it and for no longer than {@link POSITIONS_KEPT_MS}.
 *
 * Consent stands in the series itself, so that it is looked at in the very step that keeps a position: nothing is kept of
 * somebody who gave none, or whose consent was withdrawn meanwhile at another node.
 */
export interface PositionStore {
  /** `null`: none was given, or it was withdrawn. @throws {StoreUnavailableError} */
  consent(user: string): Promise<PositionConsent | null>;
  /** @returns the consent that stands: an earlier one is not replaced. @throws {StoreUnavailableError} */
  allow(user: string, consent: PositionConsent): Promise<PositionConsent>;
  /** Ends the consent and erases all in one step. `at` in Unix ms. @throws {StoreUnavailableError} nothing changed, or nobody can say */
  withdraw(user: string, at: number): Promise<void>;
  /**
   * Keeps positions of people whose consent stands, each once by its id and time, however often it is added. Left out is
   * what is not later than the consent or the last erasure, what was taken more than a minute from now, and what is about to
   * be too old (by two hours at the most).
   *
   * @returns how many were kept that were not before
   * @throws {StoreUnavailableError} none of them was, or nobody can say; add them again
   */
  add(positions: readonly PositionOf[]): Promise<number>;
  /** Oldest first, then by id. Nothing that is older than it may be kept, whether it is still there or not. @throws {StoreUnavailableError} */
  read(query: PositionQuery): Promise<KeptPosition[]>;
  /** Erases all of one person; what was taken up to `at` (Unix ms) and comes late is not kept either. @throws {StoreUnavailableError} */
  erase(user: string, at: number): Promise<void>;
  /** Makes room for what comes, and drops what would be too old before the next call. Call it every {@link POSITIONS_MAINTAINED_MS}. @throws {StoreUnavailableError} */
  maintain(now: number): Promise<void>;
  close(): Promise<void>;
}

/** How often {@link PositionStore.maintain} is to be called, in milliseconds. */
export const POSITIONS_MAINTAINED_MS = 300_000;

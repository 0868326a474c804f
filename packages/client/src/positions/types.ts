import type { KonferencoErrorLike } from '../types.ts';

/** Where the device says it is. */
export interface Reading {
  /** Degrees, WGS 84. */
  readonly lat: number;
  readonly lng: number;
  /** Radius in metres. */
  readonly accuracy_m: number;
}

/** `prompt`: the person would be asked, or nobody can say beforehand. */
export type Permission = 'granted' | 'prompt' | 'denied' | 'unsupported';

/** What tells where the device is. */
export interface PositionSource {
  permission(): Promise<Permission>;
  /** Calls `fn` when the permission has changed. Returns what ends it. */
  onPermission(fn: () => void): () => void;
  /**
   * Takes readings, the first of which is new; asks the person where the device has to. `failed` may be followed by readings.
   *
   * @returns ends it
   */
  watch(taken: (reading: Reading) => void, failed: (why: 'denied' | 'unavailable') => void): () => void;
}

/**
 * How the sending of positions stands:
 * - `off`
 * - `asking`: the device asks the person, who has just turned it on
 * - `locating`: the first reading is awaited
 * - `sharing`: positions are taken and sent
 * - `offline`: there is no connection; nothing is taken, and nothing waits to be sent
 * - `hidden`: nobody sees the program, which devices take as a reason to tell nothing; it goes on when somebody does
 * - `elsewhere`: another program of this device sends
 * - `unasked`: the device would ask the person, and they did not turn it on in this run of the program
 * - `denied`: the person, or the device, does not let this program know
 * - `unavailable`: the device cannot tell at the moment; tried again
 * - `unsupported`: this device, or this way of reaching the program (without TLS), never tells
 * - `held`: the server takes none at the moment, see `error`; tried again
 * - `refused`: the consent was withdrawn, here or elsewhere; nothing is sent until it is turned on again
 */
export type SharingKind =
  | 'off'
  | 'asking'
  | 'locating'
  | 'sharing'
  | 'offline'
  | 'hidden'
  | 'elsewhere'
  | 'unasked'
  | 'denied'
  | 'unavailable'
  | 'unsupported'
  | 'held'
  | 'refused';

/** Immutable; a new object for every change. */
export interface SharingState {
  readonly kind: SharingKind;
  /** The last position that the server has from this program since it was turned on; its time in Unix ms of this device. */
  readonly last: { readonly at: number; readonly accuracy_m: number } | null;
  /** Why the server took none, with `held` and `refused`. */
  readonly error: KonferencoErrorLike | null;
}

/** Sends where the device is to its person's own account, while they want that. */
export interface PositionSender {
  state(): SharingState;
  subscribe(fn: () => void): () => void;
  /**
   * The person turned it on just now, having been told what is sent, to whom and for how long it is kept: the device may ask
   * them, and once it tells, their consent is recorded with the server.
   */
  start(): void;
  /** The person turned it on in an earlier run of the program: goes on where nobody has to be asked, and records nothing. */
  resume(): void;
  /** Nothing is taken or sent from now on. What was sent stays with the server until it is erased or 24 hours old. */
  stop(): void;
  /** {@link stop}, for good. */
  close(): void;
}

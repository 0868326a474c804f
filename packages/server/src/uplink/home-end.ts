import { type Bus, type Clock, decorrelatedJitter, type Random } from '@konferenco/core';
import type { KeyRing } from '../accounts/key-store.ts';
import type { Log } from '../observability/log.ts';
import type { BridgedBus } from './bridged-bus.ts';
import type { Challenge, HomeFrame, MirrorFrame, Refusal, Welcome } from './frames.ts';
import { UPLINK_VERSION } from './frames.ts';
import { isProof, type JournalSpan, obstacleTo, proofOf } from './handshake.ts';
import { type HomeCounts, HomeSession } from './home-session.ts';
import type { JournaledStore } from './journaled-store.ts';
import type { ObjectBridge } from './object-bridge.ts';
import { Link, type Wire } from './link.ts';

/** Opens a socket to the mirror. Every event comes after the call has returned, `closed` once and last. */
export type Dial = (events: {
  readonly opened: () => void;
  readonly received: (piece: Uint8Array) => void;
  readonly closed: (reason: string) => void;
}) => Wire;

export interface HomeEndOptions {
  readonly dial: Dial;
  readonly secret: string;
  readonly node: string;
  readonly store: JournaledStore;
  readonly bus: BridgedBus;
  readonly inner: Bus;
  readonly keys: () => Promise<KeyRing | null>;
  readonly objects: ObjectBridge;
  readonly span: () => Promise<JournalSpan>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly onFault: (error: unknown) => void;
}

/** Pauses between tries to reach the mirror. */
const AGAIN = { base_ms: 250, cap_ms: 15_000 };
/** Pause after a refusal: nothing but an operator ends it. */
const REFUSED = { base_ms: 5_000, cap_ms: 30_000 };

export interface UplinkState {
  readonly working: boolean;
  /** Commands that the mirror does not have; `null`: not known. */
  readonly behind: number | null;
  /** What is wrong, in words; '': nothing. */
  readonly fault: string;
  readonly sent: number;
  readonly received: number;
  readonly connects: number;
}

/** The home's end of the uplink: dials, proves itself, and serves the mirror for as long as the connection holds. */
export class HomeEnd {
  readonly #options: HomeEndOptions;
  readonly counts: HomeCounts = { forwarded: 0, refused: 0, dropped: 0 };
  #link: Link<HomeFrame> | null = null;
  #session: HomeSession | null = null;
  #fault = 'not connected yet';
  #wasRefused = false;
  #pause = 0;
  #cancel: () => void = () => {};
  #closed = false;
  #acknowledged: number | null = null;
  #connects = 0;
  #bytes = { sent: 0, received: 0 };

  constructor(options: HomeEndOptions) {
    this.#options = options;
    options.store.onAdvance(() => this.#session?.advanced());
    options.store.onCursors((cursors) => this.#session && this.#link?.trySend({ t: 'cursors', cursors }));
  }

  /** Begins to call the mirror. */
  start(): void {
    this.#connect();
  }

  /** The key ring changed. */
  tellKeys(keys: KeyRing): void {
    this.#session?.tellKeys(keys);
  }

  describe(): UplinkState {
    const acknowledged = this.#session?.acknowledged ?? this.#acknowledged;
    return {
      working: this.#session !== null,
      behind: acknowledged === null ? null : Math.max(0, this.#options.store.head - acknowledged),
      fault: this.#session ? '' : this.#fault,
      sent: this.#bytes.sent + (this.#link?.sent ?? 0),
      received: this.#bytes.received + (this.#link?.received ?? 0),
      connects: this.#connects,
    };
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#link?.close('the venue stops');
  }

  #connect(): void {
    if (this.#closed) return;
    this.#wasRefused = false;
    const nonce = Buffer.from(this.#options.random.bytes(32)).toString('base64url');
    const handshake = { nonce, theirs: '' };
    const wire = this.#options.dial({
      opened: () => {},
      received: (piece) => link.receive(piece),
      closed: (reason) => link.ended(reason),
    });
    const link: Link<HomeFrame> = new Link<HomeFrame>({
      wire,
      clock: this.#options.clock,
      beat: () => ({ t: 'beat', head: this.#options.store.head }),
      onFrame: (frame) => this.#receive(link, handshake, frame as MirrorFrame),
      onEnd: (reason) => this.#ended(link, reason),
    });
    this.#link = link;
  }

  #receive(link: Link<HomeFrame>, handshake: Handshake, frame: MirrorFrame): void {
    if (link.isTrusted) return this.#session?.receive(frame);
    if (frame.t === 'challenge') this.#answer(link, handshake, frame);
    else if (frame.t === 'welcome')
      this.#welcomed(link, handshake, frame).catch((error: unknown) => {
        this.#options.onFault(error);
        link.close('the venue cannot begin');
      });
    else if (frame.t === 'refusal') this.#refused(link, frame);
  }

  #answer(link: Link<HomeFrame>, handshake: Handshake, { version, nonce }: Challenge): void {
    const { secret, node } = this.#options;
    if (version !== UPLINK_VERSION || typeof nonce !== 'string')
      return this.#refuse(link, 'The mirror runs another version: upgrade both to the same.');
    handshake.theirs = nonce;
    const proof = proofOf(secret, { role: 'home', theirs: nonce, own: handshake.nonce });
    link.send({ t: 'hello', version: UPLINK_VERSION, nonce: handshake.nonce, proof, node });
  }

  async #welcomed(link: Link<HomeFrame>, { nonce, theirs }: Handshake, frame: Welcome): Promise<void> {
    const { secret, node, span, keys } = this.#options;
    const expected = proofOf(secret, { role: 'mirror', theirs: nonce, own: theirs });
    if (theirs === '' || !isProof(frame.proof, expected))
      return this.#refuse(link, 'The mirror does not know KONFERENCO_UPLINK_SECRET: set the same on both sides.');
    if (frame.node === node) return this.#refuse(link, 'Both sides have one node name: set KONFERENCO_NODE on one.');
    const [journal, ring] = await Promise.all([span(), keys()]);
    const obstacle = obstacleTo(frame, journal) ?? (ring ? null : 'The venue has no keys yet.');
    if (!link.isOpen) return;
    if (obstacle !== null) return this.#refuse(link, obstacle);
    if (ring) this.#begin(link, frame, ring);
  }

  #begin(link: Link<HomeFrame>, { position, node }: Welcome, keys: KeyRing): void {
    link.trust();
    this.#pause = 0;
    this.#connects++;
    this.#session = new HomeSession(link, position, { ...this.#options, keys, counts: this.counts });
    this.#options.log.info({ mirror: node, position }, 'the uplink works');
  }

  /** Whatever the mirror is told, this side's operator is told too. */
  #refuse(link: Link<HomeFrame>, reason: string): void {
    link.send({ t: 'refusal', reason });
    this.#wasRefused = true;
    link.close(reason);
  }

  #refused(link: Link<HomeFrame>, { reason }: Refusal): void {
    this.#wasRefused = true;
    link.close(String(reason).slice(0, 500));
  }

  #ended(link: Link<HomeFrame>, reason: string): void {
    const { log, clock, random } = this.#options;
    this.#acknowledged = this.#session?.acknowledged ?? this.#acknowledged;
    this.#session?.close();
    this.#session = null;
    this.#link = null;
    this.#bytes = { sent: this.#bytes.sent + link.sent, received: this.#bytes.received + link.received };
    if (this.#closed) return;
    if (this.#wasRefused && this.#fault !== reason) log.error({ reason }, 'the uplink is refused');
    else if (this.#fault !== reason) log.warn({ reason }, 'the uplink is away');
    this.#fault = reason;
    this.#pause = decorrelatedJitter(this.#pause, random.next(), this.#wasRefused ? REFUSED : AGAIN);
    this.#cancel = clock.after(this.#pause, () => this.#connect());
  }
}

interface Handshake {
  readonly nonce: string;
  /** The mirror's nonce; '': not heard yet. */
  theirs: string;
}

import type { Clock, Random } from '@konferenco/core';
import type { SocketEnd } from '../gateway/websocket.ts';
import type { Log } from '../observability/log.ts';
import type { BridgedBus } from './bridged-bus.ts';
import type { Forwarder } from './forwarder.ts';
import {
  type Begin,
  type CursorUpdate,
  type Hello,
  type HomeFrame,
  type MirrorFrame,
  UPLINK_VERSION,
} from './frames.ts';
import { isProof, proofOf } from './handshake.ts';
import type { UplinkState } from './home-end.ts';
import { Link } from './link.ts';
import type { MirrorKeys } from './mirror-keys.ts';
import { MirrorSession } from './mirror-session.ts';
import type { ObjectBridge } from './object-bridge.ts';
import type { Replica } from './replica.ts';
import { ServerWire } from './server-wire.ts';

export interface MirrorEndOptions {
  readonly secret: string;
  readonly node: string;
  readonly bus: BridgedBus;
  readonly replica: Replica;
  readonly forwarder: Forwarder;
  readonly keys: MirrorKeys;
  readonly objects: ObjectBridge;
  /** Epoch of the venue's store; `null`: none is followed yet. */
  readonly epoch: string | null;
  /** Whether the venue's keys were kept at a start before. */
  readonly hasKeys: boolean;
  readonly takeCursors: (cursors: readonly CursorUpdate[]) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly onFault: (error: unknown) => void;
}

/** How long an access token outlives its end while the venue is out of reach: a day of an event. */
const GRACE_MS = 24 * 3_600_000;
/** How long it still does when the venue is back, so that not everybody renews at once. */
const RENEWAL_MS = 120_000;

/** Sockets that have not proved themselves yet; more are turned away. */
const MOST_STRANGERS = 8;

/** The mirror's end of the uplink: takes the venue's calls, one at a time, the newest in place of the one before. */
export class MirrorEnd {
  readonly #options: MirrorEndOptions;
  readonly #strangers = new Set<Link<MirrorFrame>>();
  readonly #introduced = Promise.withResolvers<string>();
  #link: Link<MirrorFrame> | null = null;
  #session: MirrorSession | null = null;
  #epoch: string | null;
  #head: number | null = null;
  #fault = 'the venue has not called yet';
  #connects = 0;
  #bytes = { sent: 0, received: 0 };
  #closed = false;

  constructor(options: MirrorEndOptions) {
    this.#options = options;
    this.#epoch = options.epoch;
    if (options.hasKeys && options.epoch !== null) this.#introduced.resolve(options.epoch);
  }

  /** The epoch of the venue's store, once the venue has called for the first time and its keys are kept. */
  get introduced(): Promise<string> {
    return this.#introduced.promise;
  }

  describe(): UplinkState {
    const { replica } = this.#options;
    const head = this.#session?.head ?? this.#head;
    return {
      working: this.#session?.isCaughtUp ?? false,
      behind: head === null ? null : Math.max(0, head - replica.position),
      fault: this.#faultNow(),
      sent: this.#bytes.sent + (this.#link?.sent ?? 0),
      received: this.#bytes.received + (this.#link?.received ?? 0),
      connects: this.#connects,
    };
  }

  /** A socket for the venue; `null`: too many strangers knock. */
  accept(): SocketEnd | null {
    if (this.#closed || this.#strangers.size >= MOST_STRANGERS) return null;
    let link: Link<MirrorFrame> | null = null;
    const wire = new ServerWire();
    const nonce = Buffer.from(this.#options.random.bytes(32)).toString('base64url');
    return {
      open: (socket) => {
        wire.open(socket);
        link = this.#welcomeStranger(wire, nonce);
      },
      message: (piece) => link?.receive(piece),
      drain: () => wire.drain(),
      close: () => link?.ended('the connection is gone'),
    };
  }

  /** Milliseconds for which credentials are good after their end: sign-ins are renewed at the venue alone. */
  grace_ms(): number {
    const since = this.#session?.caughtUpAt ?? null;
    return since !== null && this.#options.clock.now() - since > RENEWAL_MS ? 0 : GRACE_MS;
  }

  /** Tells the venue of cursors, if it can be told now. */
  tellCursors(cursors: readonly CursorUpdate[]): void {
    if (this.#session) this.#link?.trySend({ t: 'cursors', cursors });
  }

  /** Ends the connection; the venue calls again. */
  hangUp(reason: string): void {
    this.#link?.close(reason);
    for (const link of [...this.#strangers]) link.close(reason);
  }

  close(): void {
    this.#closed = true;
    this.hangUp('the mirror stops');
  }

  #faultNow(): string {
    const { diverged } = this.#options.replica;
    if (diverged !== null) return `the copy differs from the venue's: ${diverged}`;
    if (!this.#session) return this.#fault;
    return this.#session.isCaughtUp ? '' : 'catching up';
  }

  #welcomeStranger(wire: ServerWire, nonce: string): Link<MirrorFrame> {
    const link: Link<MirrorFrame> = new Link<MirrorFrame>({
      wire,
      clock: this.#options.clock,
      beat: () => ({ t: 'beat' }),
      onFrame: (frame) => this.#receive(link, nonce, frame as HomeFrame),
      onEnd: (reason) => this.#ended(link, reason),
    });
    this.#strangers.add(link);
    link.send({ t: 'challenge', version: UPLINK_VERSION, nonce });
    return link;
  }

  #receive(link: Link<MirrorFrame>, nonce: string, frame: HomeFrame): void {
    if (frame.t === 'refusal') return this.#refused(link, String(frame.reason).slice(0, 500));
    if (!link.isTrusted) {
      if (frame.t === 'hello') this.#check(link, nonce, frame);
      else link.close('a stranger speaks before its hello');
    } else if (link !== this.#link) return;
    else if (frame.t === 'begin') this.#begin(link, frame).catch(this.#options.onFault);
    else this.#session?.receive(frame);
  }

  #check(link: Link<MirrorFrame>, nonce: string, hello: Hello): void {
    const { secret, node, replica } = this.#options;
    if (hello.version !== UPLINK_VERSION)
      return this.#refuse(link, 'The venue runs another version: upgrade both to the same.');
    const expected = proofOf(secret, { role: 'home', theirs: nonce, own: hello.nonce });
    if (typeof hello.nonce !== 'string' || !isProof(hello.proof, expected))
      return this.#refuse(link, 'The venue does not know KONFERENCO_UPLINK_SECRET: set the same on both sides.');
    if (replica.diverged !== null) return this.#refuse(link, this.#faultNow());
    this.#strangers.delete(link);
    this.#link?.close('the venue has called again');
    this.#link = link;
    link.trust();
    const proof = proofOf(secret, { role: 'mirror', theirs: hello.nonce, own: nonce });
    link.send({ t: 'welcome', proof, node, position: replica.position, epoch: this.#epoch });
  }

  async #begin(link: Link<MirrorFrame>, { epoch, keys, head }: Begin): Promise<void> {
    const { log, replica } = this.#options;
    if (this.#session) return;
    if (this.#epoch !== null && this.#epoch !== epoch) return link.close('the venue has another store');
    this.#connects++;
    this.#epoch = epoch;
    this.#session = new MirrorSession(link, { epoch, head }, this.#options);
    log.info({ position: replica.position, head }, 'the venue has called');
    // Keys without a position would look like a folder of somebody else's.
    await replica.reached(1);
    await this.#options.keys.take(keys);
    this.#introduced.resolve(epoch);
  }

  #refuse(link: Link<MirrorFrame>, reason: string): void {
    this.#fault = reason;
    this.#options.log.warn({ reason }, 'a call to the uplink is refused');
    link.send({ t: 'refusal', reason });
    link.close(reason);
  }

  #refused(link: Link<MirrorFrame>, reason: string): void {
    if (!link.isTrusted) return link.close('a stranger refuses');
    this.#options.log.error({ reason }, 'the venue refuses this mirror');
    link.close(reason);
  }

  #ended(link: Link<MirrorFrame>, reason: string): void {
    this.#strangers.delete(link);
    this.#bytes = { sent: this.#bytes.sent + link.sent, received: this.#bytes.received + link.received };
    if (link !== this.#link) return;
    this.#head = this.#session?.head ?? this.#head;
    this.#session?.close();
    this.#session = null;
    this.#link = null;
    this.#fault = reason;
    if (!this.#closed) this.#options.log.warn({ reason }, 'the venue is out of reach');
  }
}

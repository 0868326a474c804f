import { defaultEnvironment } from '../environment.ts';
import { asError, type KonferencoError } from '../errors.ts';
import { Signal } from '../events.ts';
import type { Client, Environment } from '../types.ts';
import { browserPositions } from './browser-positions.ts';
import { paceOf, type Sent, STILL_MS } from './pace.ts';
import { Turn } from './turn.ts';
import type { PositionSender, PositionSource, Reading, SharingKind, SharingState } from './types.ts';

/** After a reading that did not come, or a position that the server did not take now (ms). */
const RETRY_MS = 30_000;
/** Waiting longer than this for other programs of the device means that one of them sends (ms). */
const TURN_MS = 1_000;
/** Readings are rounded to this many decimals of a degree: 0.1 m. */
const DECIMALS = 6;
const ACCURACY_MAX_M = 100_000;

export interface OpenPositionSenderOptions {
  /** Signed in. */
  readonly client: Pick<Client, 'me' | 'link' | 'on' | 'rest' | 'publish'>;
  /** Where readings come from; the browser's unless given. */
  readonly source?: PositionSource;
  /** Replaced in tests. */
  readonly environment?: Partial<Environment>;
}

/**
 * What sends where this device is, for the person who is signed in; off until {@link PositionSender.start} or `resume`.
 *
 * A device that moves sends every 5 s at the most, when it has moved 25 m or more than a reading may be off by; one that
 * does not, every 60 s, and reads only then. Of several programs on a device one sends. Nothing is queued.
 *
 * @example
 * const sender = openPositionSender({ client });
 * sender.subscribe(() => console.log(sender.state().kind));
 * button.onclick = () => sender.start();
 */
export function openPositionSender(options: OpenPositionSenderOptions): PositionSender {
  return new Sender({
    client: options.client,
    source: options.source ?? browserPositions(),
    environment: { ...defaultEnvironment(), ...options.environment },
  });
}

interface SenderOptions extends Required<OpenPositionSenderOptions> {
  readonly environment: Environment;
}

const OFF: SharingState = { kind: 'off', last: null, error: null };

class Sender implements PositionSender {
  readonly #options: SenderOptions;
  readonly #changes = new Signal();
  readonly #turn: Turn;
  readonly #ends: readonly (() => void)[];
  #state: SharingState = OFF;
  #isWanted = false;
  /** The device may ask the person: they have just turned it on. */
  #mayAsk = false;
  /** The server is to be told that they want it. */
  #isConsentDue = false;
  /** The device has told: it may do so until this program ends without saying that it is permitted. */
  #hasTold = false;
  /** The device said no since it was turned on. */
  #isDenied = false;
  /** The last position sent in this run, by which the next one is judged. */
  #sent: Sent | null = null;
  /** Readings are being taken, or a pause between them is under way. */
  #isTaking = false;
  #endWatch: () => void = () => {};
  #cancelTimer: () => void = () => {};
  /** Changes with whatever makes an answer that is awaited one of before. */
  #generation = 0;
  #isSending = false;

  constructor(options: SenderOptions) {
    const { client, environment, source } = options;
    this.#options = options;
    const lock = `konferenco-position/${client.me?.id ?? ''}`;
    const align = () => void this.#align();
    this.#turn = new Turn(environment.exclusively, lock, align);
    this.#ends = [
      client.on('link', align),
      environment.network.subscribe(align),
      source.onPermission(() => {
        this.#isDenied = false;
        this.#hasTold = false;
        align();
      }),
    ];
  }

  state(): SharingState {
    return this.#state;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  start(): void {
    this.#mayAsk = true;
    this.#isConsentDue = true;
    this.#want();
  }

  resume(): void {
    if (!this.#isWanted) this.#want();
  }

  stop(): void {
    this.#leave('off', null);
  }

  close(): void {
    this.stop();
    for (const end of this.#ends) end();
  }

  #want(): void {
    this.#isWanted = true;
    this.#isDenied = false;
    this.#rest();
    void this.#align();
  }

  #leave(kind: 'off' | 'refused', error: KonferencoError | null): void {
    this.#isWanted = false;
    this.#mayAsk = false;
    this.#isConsentDue = false;
    this.#sent = null;
    this.#generation++;
    this.#rest();
    this.#turn.leave();
    this.#set(kind === 'off' ? OFF : { kind, last: null, error });
  }

  /** Takes readings, or does not, as things stand now. */
  async #align(): Promise<void> {
    if (!this.#isWanted) return;
    const generation = ++this.#generation;
    if (this.#options.environment.visible?.() === false) this.#turn.leave();
    else this.#turn.take();
    const permission = this.#turn.isMine ? await this.#options.source.permission() : 'prompt';
    if (generation !== this.#generation) return;
    const obstacle = this.#obstacle(permission);
    if (obstacle !== null) {
      this.#rest();
      // A turn that comes at once is not worth a word.
      if (obstacle !== 'elsewhere') this.#put(obstacle);
      else this.#cancelTimer = this.#options.environment.after(TURN_MS, () => this.#put(obstacle));
    } else if (!this.#isTaking) {
      this.#put(permission === 'granted' || this.#hasTold ? 'locating' : 'asking');
      this.#watch();
    }
  }

  #obstacle(permission: Awaited<ReturnType<PositionSource['permission']>>): SharingKind | null {
    const { environment, client } = this.#options;
    if (environment.visible?.() === false) return 'hidden';
    if (!this.#turn.isMine) return 'elsewhere';
    if (permission === 'unsupported') return 'unsupported';
    if (permission === 'denied' || this.#isDenied) return 'denied';
    if (permission === 'prompt' && !this.#mayAsk && !this.#hasTold) return 'unasked';
    return client.link.kind === 'online' ? null : 'offline';
  }

  /** Takes readings from now on; without any for a while, anew. */
  #watch(): void {
    this.#rest();
    this.#isTaking = true;
    this.#planWatch(STILL_MS);
    this.#endWatch = this.#options.source.watch(
      (reading) => this.#taken(reading),
      (why) => this.#failed(why),
    );
  }

  /** Takes none, for `ms` or until further notice. */
  #rest(ms?: number): void {
    this.#endWatch();
    this.#endWatch = () => {};
    this.#cancelTimer();
    this.#isTaking = ms !== undefined;
    if (ms !== undefined) this.#planWatch(ms);
  }

  #planWatch(ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.environment.after(ms, () => this.#watch());
  }

  #failed(why: 'denied' | 'unavailable'): void {
    if (why === 'unavailable') {
      this.#rest(RETRY_MS);
      return this.#put('unavailable');
    }
    this.#isDenied = true;
    this.#hasTold = false;
    this.#mayAsk = false;
    void this.#align();
  }

  #taken(reading: Reading): void {
    // Only a press lets the device ask.
    this.#mayAsk = false;
    this.#hasTold = true;
    if (this.#state.kind === 'asking') this.#put('locating');
    if (this.#isSending) return;
    const pace = paceOf(this.#sent, reading, this.#options.environment.now());
    if (pace !== 'left_out') void this.#send(reading, pace);
    else if (this.#state.kind === 'unavailable') this.#put('sharing');
  }

  async #send(reading: Reading, pace: 'moved' | 'still'): Promise<void> {
    const { client, environment } = this.#options;
    this.#isSending = true;
    try {
      if (this.#isConsentDue) await client.rest('allowPositions');
      if (!this.#isTaking) return;
      this.#isConsentDue = false;
      await client.publish({
        type: 'location',
        subtype: 'position_update',
        to: { type: 'user', id: client.me?.id ?? '' },
        payload: { ...payloadOf(reading) },
      });
      if (!this.#isWanted) return;
      const at = environment.now();
      this.#sent = { ...reading, at };
      const last = { at, accuracy_m: reading.accuracy_m };
      this.#set({ kind: this.#isTaking ? 'sharing' : this.#state.kind, last, error: null });
      if (!this.#isTaking) return;
      if (pace === 'still') this.#rest(STILL_MS);
      else this.#planWatch(STILL_MS);
    } catch (thrown) {
      if (this.#isWanted) this.#notTaken(asError(thrown));
    } finally {
      this.#isSending = false;
    }
  }

  #notTaken(error: KonferencoError): void {
    if (error.error === 'forbidden') return this.#leave('refused', error);
    // The link tells when it is gone, and when it is back.
    if (!this.#isTaking || this.#options.client.link.kind !== 'online') return;
    this.#rest(error.retry_after_ms ?? RETRY_MS);
    this.#set({ ...this.#state, kind: 'held', error });
  }

  #put(kind: SharingKind): void {
    const known = this.#state.last !== null && (kind === 'locating' || kind === 'asking');
    this.#set({ ...this.#state, kind: known ? 'sharing' : kind, error: null });
  }

  #set(state: SharingState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#changes.emit();
  }
}

function payloadOf({ lat, lng, accuracy_m }: Reading): Record<string, number> {
  const rounded = (degrees: number): number => Number(degrees.toFixed(DECIMALS));
  return { lat: rounded(lat), lng: rounded(lng), accuracy_m: Math.min(Math.round(accuracy_m), ACCURACY_MAX_M) };
}

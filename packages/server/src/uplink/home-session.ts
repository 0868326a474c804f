import { type Bus, type Clock, type Command, decodeBusMessage } from '@konferenco/core';
import { OutcomeUnknownError, StoreUnavailableError } from '@konferenco/core';
import type { KeyRing } from '../accounts/key-store.ts';
import { publishAppended } from '../sync/appended.ts';
import type { BridgedBus } from './bridged-bus.ts';
import type { CommitError, HomeFrame, MirrorFrame } from './frames.ts';
import { isForeign } from './journal.ts';
import type { JournaledStore } from './journaled-store.ts';
import type { Link } from './link.ts';
import { InterestTeller } from './interest-teller.ts';
import type { ObjectBridge } from './object-bridge.ts';
import { StreamSender } from './stream-sender.ts';

export interface HomeSessionOptions {
  readonly store: JournaledStore;
  readonly bus: BridgedBus;
  /** The bus of this side alone. */
  readonly inner: Bus;
  readonly clock: Clock;
  readonly keys: KeyRing;
  readonly objects: ObjectBridge;
  readonly counts: HomeCounts;
  readonly onFault: (error: unknown) => void;
}

/** Counts since the start. */
export interface HomeCounts {
  forwarded: number;
  refused: number;
  dropped: number;
}

/** One connection to the mirror, from the moment both have proved themselves. */
export class HomeSession {
  readonly #options: HomeSessionOptions;
  readonly #link: Link<HomeFrame>;
  readonly #sender: StreamSender;
  readonly #interests: InterestTeller;

  constructor(link: Link<HomeFrame>, position: number, options: HomeSessionOptions) {
    const { store, bus, clock, keys, objects, counts, onFault } = options;
    this.#options = options;
    this.#link = link;
    this.#interests = new InterestTeller((frame) => link.send(frame));
    this.#sender = new StreamSender({
      ...{ store, clock, position, onFault },
      head: () => store.head,
      send: (stream) => link.send(stream),
      onBroken: (reason) => {
        link.send({ t: 'refusal', reason });
        link.close(reason);
      },
      onDropped: (records) => {
        counts.dropped += records;
      },
    });
    link.send({ t: 'begin', epoch: store.epoch, keys, head: store.head });
    bus.join({ pass: (record) => this.#sender.pass(record), tell: (change) => this.#interests.tell(change) });
    objects.join((frame) => link.send(frame));
    bus.reconnected();
    this.#sender.wake();
  }

  /** Journal offset up to which the mirror has everything. */
  get acknowledged(): number {
    return this.#sender.acknowledged;
  }

  advanced(): void {
    this.#sender.wake();
  }

  tellKeys(keys: KeyRing): void {
    this.#link.send({ t: 'keys', keys });
  }

  receive(frame: MirrorFrame): void {
    const { bus, store, objects, onFault } = this.#options;
    switch (frame.t) {
      case 'ack':
        return this.#sender.acknowledge(frame);
      case 'commit':
        return void this.#commit(frame.ref, frame.commands);
      case 'records':
        for (const record of decodeBusMessage(frame.records).records) bus.receive(record);
        return;
      case 'cursors':
        return void store.takeCursors(frame.cursors).catch(onFault);
      case 'interest':
        bus.heed(frame);
        return this.#link.send({ t: 'following', ref: frame.ref });
      case 'following':
        return this.#interests.answered(frame.ref);
      case 'fetch':
      case 'piece':
        return objects.receive(frame);
      case 'challenge':
      case 'welcome':
      case 'refusal':
      case 'beat':
        return;
    }
  }

  close(): void {
    this.#sender.close();
    this.#interests.close();
    this.#options.bus.part();
    this.#options.objects.part();
  }

  /** Commits of the mirror take their turn with those of this side, in the order in which they came. */
  async #commit(ref: number, commands: readonly Command[]): Promise<void> {
    const { store, inner, counts, onFault } = this.#options;
    try {
      if (commands.some(isForeign)) throw new TypeError('a mirror may not touch rows of the uplink');
      const outcomes = await store.commit(commands);
      counts.forwarded += commands.length;
      outcomes.forEach((outcome, index) => {
        const appends = commands[index]?.appends ?? [];
        if (outcome.kind === 'committed' && appends.length > 0) publishAppended(inner, appends, outcome);
      });
      this.#link.send({ t: 'outcome', ref, outcomes, journal: store.head });
    } catch (error) {
      counts.refused += commands.length;
      const kind = kindOf(error);
      if (kind === 'invalid') onFault(error);
      this.#link.send({
        t: 'failed',
        ref,
        error: kind,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

function kindOf(error: unknown): CommitError {
  if (error instanceof OutcomeUnknownError) return 'unknown';
  return error instanceof StoreUnavailableError ? 'unavailable' : 'invalid';
}

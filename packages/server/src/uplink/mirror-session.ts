import { encodeBusMessage, encodeBusRecord } from '@konferenco/core';
import type { HomeFrame, MirrorFrame } from './frames.ts';
import { InterestTeller } from './interest-teller.ts';
import type { Link } from './link.ts';
import type { MirrorEndOptions } from './mirror-end.ts';

type Needs = Pick<
  MirrorEndOptions,
  'bus' | 'replica' | 'forwarder' | 'keys' | 'objects' | 'takeCursors' | 'clock' | 'onFault'
>;

/** One connection of the venue, from the moment it begins. */
export class MirrorSession {
  readonly #link: Link<MirrorFrame>;
  readonly #options: Needs;
  readonly #epoch: string;
  readonly #interests: InterestTeller;
  #head: number;
  #caughtUpAt: number | null = null;
  #closed = false;

  constructor(
    link: Link<MirrorFrame>,
    { epoch, head }: { readonly epoch: string; readonly head: number },
    options: Needs,
  ) {
    this.#link = link;
    this.#options = options;
    this.#epoch = epoch;
    this.#head = head;
    this.#interests = new InterestTeller((frame) => link.send(frame));
    options.bus.join({
      pass: (record) => void link.trySend({ t: 'records', records: encodeBusMessage([encodeBusRecord(record)]) }),
      tell: (change) => this.#interests.tell(change),
    });
    options.objects.join((frame) => link.send(frame));
    options.replica.reached(head).then(() => this.#caughtUp(), options.onFault);
  }

  /** Where the venue's journal ended when it was heard last. */
  get head(): number {
    return Math.max(this.#head, this.#options.replica.position);
  }

  /** Whether the replica had everything that the venue had when it called. Until then people here cannot write. */
  get isCaughtUp(): boolean {
    return this.#caughtUpAt !== null;
  }

  /** Since when it has (Unix ms); `null`: it has not yet. */
  get caughtUpAt(): number | null {
    return this.#caughtUpAt;
  }

  receive(frame: HomeFrame): void {
    const { bus, replica, forwarder, keys, objects, takeCursors, onFault } = this.#options;
    switch (frame.t) {
      case 'stream': {
        const { seq } = frame;
        return replica.take(frame, this.#epoch, () => this.#link.send({ t: 'ack', seq, position: replica.position }));
      }
      case 'outcome':
        return forwarder.answered(frame);
      case 'failed':
        return forwarder.failed(frame);
      case 'keys':
        return void keys.take(frame.keys).catch(onFault);
      case 'cursors':
        return void takeCursors(frame.cursors).catch(onFault);
      case 'interest':
        bus.heed(frame);
        return this.#link.send({ t: 'following', ref: frame.ref });
      case 'following':
        return this.#interests.answered(frame.ref);
      case 'beat':
        this.#head = Math.max(this.#head, frame.head);
        return;
      case 'fetch':
      case 'piece':
        return objects.receive(frame);
      case 'hello':
      case 'begin':
      case 'refusal':
        return;
    }
  }

  close(): void {
    const { bus, replica, forwarder, objects } = this.#options;
    this.#closed = true;
    bus.part();
    objects.part();
    forwarder.part();
    replica.forgetQueue();
    this.#interests.close();
  }

  #caughtUp(): void {
    if (this.#closed) return;
    this.#caughtUpAt = this.#options.clock.now();
    this.#options.forwarder.join({ send: (frame) => this.#link.send(frame) });
    this.#options.bus.reconnected();
  }
}

import type { OperatedEvent } from '@konferenco/protocol';
import { Ring } from './ring.ts';

/** Events kept, the oldest forgotten first. */
export const MOST_EVENTS = 200;

/** What is of one kind and closer together than this is one event, in ms. */
const GATHER_MS = 60_000;

type Draft = Omit<OperatedEvent, 'id' | 'at' | 'until' | 'count'>;

/** What happened lately, as this node noted it. */
export class Chronicle {
  readonly #now: () => number;
  readonly #events = new Ring<OperatedEvent>(MOST_EVENTS);
  #nextId = 1;
  #revision = 0;

  /** @param now Unix ms */
  constructor(now: () => number) {
    this.#now = now;
    // Another run of this node is another chronicle: what a page knew of the one before is not taken for this one.
    this.#revision = now();
  }

  /** Changes whenever what {@link newestFirst} gives does. */
  get revision(): number {
    return this.#revision;
  }

  newestFirst(): OperatedEvent[] {
    return this.#events.values().reverse();
  }

  /** Something that happened at once. */
  note(draft: Draft, at = this.#now()): void {
    this.#add({ ...draft, at });
  }

  /** Something that lasts. @returns what ends it */
  begin(draft: Draft): () => void {
    const event = this.#add({ ...draft, at: this.#now(), until: null });
    return () => {
      event.until = this.#now();
      this.#revision++;
    };
  }

  /** Something small that comes often: counted in one event as long as it goes on. */
  gather(draft: Draft, count: number): void {
    const at = this.#now();
    const known = this.newestFirst().find((e) => e.what === draft.what && e.subject === draft.subject);
    if (known?.count === undefined || at - (known.until ?? known.at) > GATHER_MS) {
      this.#add({ ...draft, at, until: at, count });
      return;
    }
    known.count += count;
    known.until = at;
    this.#revision++;
  }

  #add(event: Omit<OperatedEvent, 'id'>): OperatedEvent {
    const added = { id: this.#nextId++, ...event };
    this.#events.push(added);
    this.#revision++;
    return added;
  }
}

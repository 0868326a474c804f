import {
  dot,
  HybridLogicalClock,
  LWWMap,
  type LWWMapOperation,
  ORSet,
  type ORSetOperation,
  PNCounter,
  type PNCounterOperation,
  RGASequence,
  type RGAOperation,
} from '@konferenco/crdt';
import type { Identity } from '../identity.ts';
import { type DocumentType, type Library, type Payload, type Replica, text } from '../replica.ts';
import type { AgendaIntent, ChatMessage, CountIntent, FieldIntent, SetIntent, TextIntent } from '../trace.ts';

/** What one document type does; JSON and clocks are the same for all. */
interface Model<I, O, S> {
  readonly local: (intent: I, stamper: Stamper) => O;
  readonly remote: (operation: O) => void;
  readonly timestampOf: (operation: O) => number | undefined;
  readonly state: () => S;
  readonly content: () => unknown;
}

/** Dots and timestamps of one replica. */
class Stamper {
  readonly node: string;
  readonly clock: HybridLogicalClock;
  now = 0;
  #sequence = 0;

  constructor(node: string) {
    this.node = node;
    this.clock = new HybridLogicalClock({ node, now: () => this.now });
  }

  dot(): string {
    this.#sequence += 1;
    return dot(this.node, this.#sequence);
  }
}

function typeOf<I, O, S>(open: (state: unknown) => Model<I, O, S>): DocumentType<I> {
  return {
    empty: () => JSON.stringify(open(null).state()),
    open: (state, identity) => new JsonReplica(open(JSON.parse(text(state))), identity),
  };
}

/** Operations and states as JSON, each operation checked against the clock before it is applied, as a client does. */
class JsonReplica<I, O, S> implements Replica<I> {
  readonly #model: Model<I, O, S>;
  readonly #stamper: Stamper;

  constructor(model: Model<I, O, S>, { node }: Identity) {
    this.#model = model;
    this.#stamper = new Stamper(node);
  }

  apply(intent: I, now: number): Payload {
    this.#stamper.now = now;
    return JSON.stringify(this.#model.local(intent, this.#stamper));
  }

  merge(update: Payload): void {
    this.#take(JSON.parse(text(update)) as O);
  }

  mergeAll(updates: readonly Payload[]): void {
    for (const update of updates) this.merge(update);
  }

  batch(log: readonly Payload[]): Payload {
    return `[${log.join(',')}]`;
  }

  mergeBatch(batch: Payload): void {
    for (const operation of JSON.parse(text(batch)) as O[]) this.#take(operation);
  }

  save(): Payload {
    return JSON.stringify(this.#model.state());
  }

  content(): unknown {
    return this.#model.content();
  }

  free(): void {}

  #take(operation: O): void {
    const timestamp = this.#model.timestampOf(operation);
    // The trace's clocks all agree; a receiver's is where the operation's is.
    if (timestamp !== undefined) {
      this.#stamper.now = Math.max(this.#stamper.now, timestamp / 256);
      if (this.#stamper.clock.receive(timestamp) !== 'ok') throw new Error('an operation is ahead of its time');
    }
    this.#model.remote(operation);
  }
}

function stampOfSequence(operation: RGAOperation<unknown>): number | undefined {
  return operation.op === 'remove' ? undefined : operation.timestamp;
}

/** An editor knows places by index, the sequence by id: a list of ids is kept beside it, and made anew after others wrote. */
const TEXT = typeOf<TextIntent, RGAOperation<string>, unknown>((state) => {
  const sequence = state === null ? new RGASequence<string>() : RGASequence.from<string>(state);
  let ids: string[] | null = null;
  return {
    local: ({ index, letter }, stamper) => {
      ids ??= sequence.ids();
      if (letter === null) return sequence.remove(ids.splice(index, 1)[0] ?? '');
      const id = stamper.dot();
      const position = sequence.place(ids[index - 1] ?? null);
      ids.splice(index, 0, id);
      return sequence.insert({ id, content: letter, position, timestamp: stamper.clock.tick(), node: stamper.node });
    },
    remote: (operation) => {
      ids = null;
      sequence.apply(operation);
    },
    timestampOf: stampOfSequence,
    state: () => sequence.state(),
    content: () => sequence.toArray().join(''),
  };
});

const CHAT = typeOf<ChatMessage, RGAOperation<ChatMessage>, unknown>((state) => {
  const sequence = state === null ? new RGASequence<ChatMessage>() : RGASequence.from<ChatMessage>(state);
  return {
    local: (content, stamper) => {
      const position = sequence.place(sequence.lastId());
      const { clock, node } = stamper;
      return sequence.insert({ id: stamper.dot(), content, position, timestamp: clock.tick(), node });
    },
    remote: (operation) => {
      sequence.apply(operation);
    },
    timestampOf: stampOfSequence,
    state: () => sequence.state(),
    content: () => sequence.toArray(),
  };
});

const FAVOURITES = typeOf<SetIntent, ORSetOperation, unknown>((state) => {
  const set = state === null ? new ORSet() : ORSet.from(state);
  return {
    local: ({ element, wanted }, stamper) =>
      wanted ? set.add(element, stamper.dot()) : set.remove(element, { dot: stamper.dot(), at: stamper.clock.tick() }),
    remote: (operation) => {
      set.apply(operation);
    },
    timestampOf: (operation) => ('at' in operation ? operation.at : undefined),
    state: () => set.state(),
    content: () => set.elements(),
  };
});

type Sessions = Readonly<Record<string, unknown>>;
type SessionOperation = LWWMapOperation<string | number> & { readonly session: string };

const PROGRAMME = typeOf<FieldIntent, SessionOperation, Sessions>((state) => {
  const sessions = new Map<string, LWWMap<string | number>>();
  for (const [session, fields] of Object.entries((state ?? {}) as Sessions)) sessions.set(session, LWWMap.from(fields));
  const apply = (operation: SessionOperation) => {
    const fields = sessions.get(operation.session) ?? new LWWMap();
    fields.apply(operation);
    sessions.set(operation.session, fields);
    return operation;
  };
  return {
    local: ({ session, field, value }, { clock, node }) =>
      apply({ session, field, value, timestamp: clock.tick(), node }),
    remote: apply,
    timestampOf: ({ timestamp }) => timestamp,
    state: () => Object.fromEntries([...sessions].map(([session, fields]) => [session, fields.state()])),
    content: () =>
      Object.fromEntries([...sessions].map(([name, fields]) => [name, Object.fromEntries(fields.entries())])),
  };
});

type CountOperation = PNCounterOperation & { readonly counter: string };

const COUNTERS = typeOf<CountIntent, CountOperation, Readonly<Record<string, unknown>>>((state) => {
  const counters = new Map<string, PNCounter>();
  for (const [name, counts] of Object.entries((state ?? {}) as Readonly<Record<string, unknown>>)) {
    counters.set(name, PNCounter.from(counts));
  }
  const named = (name: string): PNCounter => {
    const counter = counters.get(name) ?? new PNCounter();
    counters.set(name, counter);
    return counter;
  };
  return {
    local: ({ counter }, { node }) => ({ counter, ...named(counter).increment(node) }),
    remote: (operation) => {
      named(operation.counter).apply(operation);
    },
    timestampOf: () => undefined,
    state: () => Object.fromEntries([...counters].map(([name, counter]) => [name, counter.state()])),
    content: () => Object.fromEntries([...counters].map(([name, counter]) => [name, counter.value()])),
  };
});

interface Item {
  readonly text: string;
  readonly done: boolean;
}

const AGENDA = typeOf<AgendaIntent, RGAOperation<Item>, unknown>((state) => {
  const sequence = state === null ? new RGASequence<Item>() : RGASequence.from<Item>(state);
  return {
    local: (intent, { clock, node }) => {
      switch (intent.op) {
        case 'insert': {
          const { item: id, text: title } = intent;
          const position = sequence.place(intent.after);
          return sequence.insert({
            id,
            content: { text: title, done: false },
            position,
            timestamp: clock.tick(),
            node,
          });
        }
        case 'move':
          return sequence.move(intent.item, intent.after, clock.tick(), node);
        case 'edit':
          return sequence.set(intent.item, { text: intent.text, done: intent.done }, clock.tick(), node);
        case 'remove':
          return sequence.remove(intent.item);
      }
    },
    remote: (operation) => {
      sequence.apply(operation);
    },
    timestampOf: stampOfSequence,
    state: () => sequence.state(),
    content: () => sequence.toArray(),
  };
});

export const ours: Library = {
  name: 'konferenco',
  types: { text: TEXT, chat: CHAT, favourites: FAVOURITES, programme: PROGRAMME, counters: COUNTERS, agenda: AGENDA },
};

import { LoroDoc, LoroMap, type VersionVector } from 'loro-crdt';
import type { Identity } from '../identity.ts';
import { binary, type DocumentType, type Library, type Payload, type Replica } from '../replica.ts';
import type { AgendaIntent, ChatMessage, CountIntent, FieldIntent, SetIntent, TextIntent } from '../trace.ts';

/** What one document type does in a document. */
interface Model<I> {
  readonly local: (intent: I) => void;
  readonly content: () => unknown;
}

function typeOf<I>(model: (doc: LoroDoc) => Model<I>): DocumentType<I> {
  return {
    empty: () => new LoroDoc().export({ mode: 'snapshot' }),
    open: (state, identity) => new LoroReplica(model, binary(state), identity),
  };
}

class LoroReplica<I> implements Replica<I> {
  readonly #doc: LoroDoc;
  readonly #model: Model<I>;
  readonly #opened: VersionVector;
  readonly #sent: { last: Uint8Array | null } = { last: null };

  constructor(model: (doc: LoroDoc) => Model<I>, state: Uint8Array, { peer }: Identity) {
    this.#doc = LoroDoc.fromSnapshot(state);
    this.#doc.setPeerId(peer);
    this.#model = model(this.#doc);
    this.#opened = this.#doc.version();
    const sent = this.#sent;
    this.#doc.subscribeLocalUpdates((update) => {
      sent.last = update;
    });
  }

  apply(intent: I): Payload {
    this.#sent.last = null;
    this.#model.local(intent);
    this.#doc.commit();
    if (!this.#sent.last) throw new Error('an operation changed nothing');
    return this.#sent.last;
  }

  merge(update: Payload): void {
    this.#doc.import(binary(update));
  }

  mergeAll(updates: readonly Payload[]): void {
    this.#doc.importBatch(updates.map(binary));
  }

  batch(): Payload {
    return this.#doc.export({ mode: 'update', from: this.#opened });
  }

  mergeBatch(batch: Payload): void {
    this.merge(batch);
  }

  save(): Payload {
    return this.#doc.export({ mode: 'snapshot' });
  }

  content(): unknown {
    return this.#model.content();
  }

  free(): void {
    this.#doc.free();
  }
}

const TEXT = typeOf<TextIntent>((doc) => {
  const text = doc.getText('text');
  return {
    local: ({ index, letter }) => {
      if (letter === null) text.delete(index, 1);
      else text.insert(index, letter);
    },
    content: () => text.toString(),
  };
});

const CHAT = typeOf<ChatMessage>((doc) => {
  const messages = doc.getList('messages');
  return { local: (message) => messages.push(message), content: () => messages.toJSON() };
});

/** Loro has no set: keys of a map stand in. */
const FAVOURITES = typeOf<SetIntent>((doc) => {
  const set = doc.getMap('favourites');
  return {
    local: ({ element, wanted }) => {
      if (wanted) set.set(element, true);
      else set.delete(element);
    },
    content: () => set.keys().sort(),
  };
});

const PROGRAMME = typeOf<FieldIntent>((doc) => {
  const sessions = doc.getMap('programme');
  return {
    local: ({ session, field, value }) => {
      sessions.getOrCreateContainer(session, new LoroMap()).set(field, value);
    },
    content: () => sessions.toJSON(),
  };
});

const COUNTERS = typeOf<CountIntent>((doc) => ({
  local: ({ counter }) => doc.getCounter(counter).increment(1),
  content: () => doc.toJSON(),
}));

const AGENDA = typeOf<AgendaIntent>((doc) => {
  const items = doc.getMovableList('agenda');
  return {
    local: (intent) => {
      switch (intent.op) {
        case 'insert':
          return items.insert(intent.index, { text: intent.text, done: false });
        case 'move':
          return items.move(intent.from, intent.index);
        case 'edit':
          items.set(intent.index, { text: intent.text, done: intent.done });
          return;
        case 'remove':
          return items.delete(intent.index, 1);
      }
    },
    content: () => items.toJSON(),
  };
});

export const loro: Library = {
  name: 'Loro',
  types: { text: TEXT, chat: CHAT, favourites: FAVOURITES, programme: PROGRAMME, counters: COUNTERS, agenda: AGENDA },
};

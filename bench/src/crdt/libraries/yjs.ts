import { keyBetween } from '@konferenco/crdt';
import * as Y from 'yjs';
import type { Identity } from '../identity.ts';
import { binary, type DocumentType, type Library, type Payload, type Replica } from '../replica.ts';
import type { AgendaIntent, ChatMessage, CountIntent, FieldIntent, SetIntent, TextIntent } from '../trace.ts';

/** What one document type does in a document. */
interface Model<I> {
  readonly local: (intent: I) => void;
  readonly content: () => unknown;
}

function typeOf<I>(model: (doc: Y.Doc) => Model<I>): DocumentType<I> {
  return {
    empty: () => Y.encodeStateAsUpdate(new Y.Doc()),
    open: (state, identity) => new YjsReplica(model, binary(state), identity),
  };
}

class YjsReplica<I> implements Replica<I> {
  readonly #doc = new Y.Doc();
  readonly #model: Model<I>;
  readonly #opened: Uint8Array;
  readonly #sent: { last: Uint8Array | null } = { last: null };

  constructor(model: (doc: Y.Doc) => Model<I>, state: Uint8Array, { client }: Identity) {
    this.#doc.clientID = client;
    Y.applyUpdate(this.#doc, state);
    this.#model = model(this.#doc);
    this.#opened = Y.encodeStateVector(this.#doc);
    const sent = this.#sent;
    this.#doc.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction) => {
      if (local) sent.last = update;
    });
  }

  apply(intent: I): Payload {
    this.#sent.last = null;
    this.#doc.transact(() => this.#model.local(intent));
    if (!this.#sent.last) throw new Error('an operation changed nothing');
    return this.#sent.last;
  }

  merge(update: Payload): void {
    Y.applyUpdate(this.#doc, binary(update));
  }

  mergeAll(updates: readonly Payload[]): void {
    this.#doc.transact(() => {
      for (const update of updates) Y.applyUpdate(this.#doc, binary(update));
    });
  }

  batch(): Payload {
    return Y.encodeStateAsUpdate(this.#doc, this.#opened);
  }

  mergeBatch(batch: Payload): void {
    this.merge(batch);
  }

  save(): Payload {
    return Y.encodeStateAsUpdate(this.#doc);
  }

  content(): unknown {
    return this.#model.content();
  }

  free(): void {
    this.#doc.destroy();
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
  const messages = doc.getArray<ChatMessage>('messages');
  return { local: (message) => messages.push([message]), content: () => messages.toArray() };
});

/** Yjs has no set: keys of a map stand in. */
const FAVOURITES = typeOf<SetIntent>((doc) => {
  const set = doc.getMap<boolean>('favourites');
  return {
    local: ({ element, wanted }) => {
      if (wanted) set.set(element, true);
      else set.delete(element);
    },
    content: () => [...set.keys()].sort(),
  };
});

const PROGRAMME = typeOf<FieldIntent>((doc) => {
  const sessions = doc.getMap<Y.Map<string | number>>('programme');
  return {
    local: ({ session, field, value }) => fieldsOf(sessions, session).set(field, value),
    content: () => sessions.toJSON(),
  };
});

/** Yjs has no counter: a map for each, in which every replica keeps its own count under its id. */
const COUNTERS = typeOf<CountIntent>((doc) => {
  const counters = doc.getMap<Y.Map<number>>('counters');
  const own = String(doc.clientID);
  return {
    local: ({ counter }) => {
      const counts = fieldsOf(counters, counter);
      counts.set(own, (counts.get(own) ?? 0) + 1);
    },
    content: () => {
      const sums: Record<string, number> = {};
      counters.forEach((counts, name) => {
        let sum = 0;
        counts.forEach((count) => {
          sum += count;
        });
        sums[name] = sum;
      });
      return sums;
    },
  };
});

/**
 * A Yjs array cannot move an item, and taking it out and putting a copy in would double it when two move it at once: a map
 * of items stands in, sorted by keys between keys.
 */
const AGENDA = typeOf<AgendaIntent>((doc) => {
  const items = doc.getMap<Y.Map<string | boolean>>('agenda');
  const keyOf = (item: string | null) => (item === null ? null : String(items.get(item)?.get('key')));
  return {
    local: (intent) => {
      switch (intent.op) {
        case 'insert': {
          const item = fieldsOf(items, intent.item);
          item.set('text', intent.text);
          item.set('done', false);
          item.set('key', keyBetween(keyOf(intent.after), keyOf(intent.before), Math.random));
          return;
        }
        case 'move':
          items.get(intent.item)?.set('key', keyBetween(keyOf(intent.after), keyOf(intent.before), Math.random));
          return;
        case 'edit': {
          const item = items.get(intent.item);
          item?.set('text', intent.text);
          item?.set('done', intent.done);
          return;
        }
        case 'remove':
          items.delete(intent.item);
      }
    },
    content: () =>
      [...items.values()]
        .map((item) => item.toJSON() as { text: string; done: boolean; key: string })
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .map(({ text, done }) => ({ text, done })),
  };
});

/** The map under a name, made when there is none. */
function fieldsOf<T>(maps: Y.Map<Y.Map<T>>, name: string): Y.Map<T> {
  return maps.get(name) ?? maps.set(name, new Y.Map<T>());
}

export const yjs: Library = {
  name: 'Yjs',
  types: { text: TEXT, chat: CHAT, favourites: FAVOURITES, programme: PROGRAMME, counters: COUNTERS, agenda: AGENDA },
};

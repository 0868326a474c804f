import * as A from '@automerge/automerge';
import { keyBetween } from '@konferenco/crdt';
import { binary, type DocumentType, type Library, type Payload, type Replica } from '../replica.ts';
import type { Identity } from '../identity.ts';
import type { AgendaIntent, ChatMessage, CountIntent, FieldIntent, SetIntent, TextIntent } from '../trace.ts';

/** What one document type does in a document. Texts that nobody edits letter by letter are immutable strings. */
interface Model<I, T extends object> {
  readonly empty: () => T;
  readonly local: (doc: T, intent: I) => void;
  readonly content: (doc: T) => unknown;
}

function typeOf<I, T extends object>(model: Model<I, T>): DocumentType<I> {
  return {
    empty: ({ actor }) => {
      const doc = A.from(model.empty() as Record<string, unknown>, { actor });
      const state = A.save(doc);
      A.free(doc);
      return state;
    },
    open: (state, identity) => new AutomergeReplica(model, binary(state), identity),
  };
}

class AutomergeReplica<I, T extends object> implements Replica<I> {
  readonly #model: Model<I, T>;
  readonly #opened: A.Heads;
  #doc: A.Doc<T>;

  constructor(model: Model<I, T>, state: Uint8Array, { actor }: Identity) {
    this.#model = model;
    this.#doc = A.load<T>(state, { actor });
    this.#opened = A.getHeads(this.#doc);
  }

  apply(intent: I, now: number): Payload {
    this.#doc = A.change(this.#doc, { time: Math.floor(now / 1000) }, (doc) => this.#model.local(doc, intent));
    const change = A.getLastLocalChange(this.#doc);
    if (!change) throw new Error('an operation changed nothing');
    return change;
  }

  merge(update: Payload): void {
    [this.#doc] = A.applyChanges(this.#doc, [binary(update)]);
  }

  mergeAll(updates: readonly Payload[]): void {
    [this.#doc] = A.applyChanges(this.#doc, updates.map(binary));
  }

  batch(): Payload {
    return A.saveSince(this.#doc, this.#opened);
  }

  mergeBatch(batch: Payload): void {
    this.#doc = A.loadIncremental(this.#doc, binary(batch));
  }

  save(): Payload {
    return A.save(this.#doc);
  }

  content(): unknown {
    return this.#model.content(this.#doc);
  }

  free(): void {
    A.free(this.#doc);
  }
}

type Text = A.ImmutableString;

function fixed(value: string): Text {
  return new A.ImmutableString(value);
}

function plain(value: Text | number): string | number {
  return typeof value === 'number' ? value : value.val;
}

const TEXT = typeOf<TextIntent, { text: string }>({
  empty: () => ({ text: '' }),
  local: (doc, { index, letter }) => A.splice(doc, ['text'], index, letter === null ? 1 : 0, letter ?? ''),
  content: ({ text }) => text,
});

const CHAT = typeOf<ChatMessage, { messages: { from: Text; at: number; text: Text }[] }>({
  empty: () => ({ messages: [] }),
  local: ({ messages }, { from, at, text }) => {
    messages.push({ from: fixed(from), at, text: fixed(text) });
  },
  content: ({ messages }) => messages.map(({ from, at, text }) => ({ from: plain(from), at, text: plain(text) })),
});

/** Automerge has no set: keys of a map stand in. Of adding and removing at once, adding wins, as in ours. */
const FAVOURITES = typeOf<SetIntent, { favourites: Record<string, true> }>({
  empty: () => ({ favourites: {} }),
  local: ({ favourites }, { element, wanted }) => {
    if (wanted) favourites[element] = true;
    else delete favourites[element];
  },
  content: ({ favourites }) => Object.keys(favourites).sort(),
});

const PROGRAMME = typeOf<FieldIntent, { programme: Record<string, Record<string, Text | number>> }>({
  empty: () => ({ programme: {} }),
  local: ({ programme }, { session, field, value }) => {
    if (!programme[session]) programme[session] = {};
    const fields = programme[session];
    if (fields) fields[field] = typeof value === 'string' ? fixed(value) : value;
  },
  content: ({ programme }) =>
    Object.fromEntries(
      Object.entries(programme).map(([session, fields]) => [
        session,
        Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, plain(value)])),
      ]),
    ),
});

const COUNTERS = typeOf<CountIntent, { counters: Record<string, A.Counter> }>({
  empty: () => ({ counters: {} }),
  local: ({ counters }, { counter }) => {
    if (counters[counter]) counters[counter].increment(1);
    else counters[counter] = new A.Counter(1);
  },
  content: ({ counters }) => Object.fromEntries(Object.entries(counters).map(([name, { value }]) => [name, value])),
});

interface Item {
  text: Text;
  done: boolean;
  key: Text;
}

/** Automerge lists cannot move an item: a map of items stands in, sorted by keys between keys. */
const AGENDA = typeOf<AgendaIntent, { items: Record<string, Item> }>({
  empty: () => ({ items: {} }),
  local: ({ items }, intent) => {
    const keyOf = (item: string | null) => (item === null ? null : (items[item]?.key.val ?? null));
    const found = items[intent.item];
    switch (intent.op) {
      case 'insert': {
        const key = fixed(keyBetween(keyOf(intent.after), keyOf(intent.before), Math.random));
        items[intent.item] = { text: fixed(intent.text), done: false, key };
        return;
      }
      case 'move':
        if (found) found.key = fixed(keyBetween(keyOf(intent.after), keyOf(intent.before), Math.random));
        return;
      case 'edit':
        if (!found) return;
        found.text = fixed(intent.text);
        found.done = intent.done;
        return;
      case 'remove':
        delete items[intent.item];
    }
  },
  content: ({ items }) =>
    Object.values(items)
      .sort((a, b) => (a.key.val < b.key.val ? -1 : 1))
      .map(({ text, done }) => ({ text: plain(text), done })),
});

export const automerge: Library = {
  name: 'Automerge',
  types: { text: TEXT, chat: CHAT, favourites: FAVOURITES, programme: PROGRAMME, counters: COUNTERS, agenda: AGENDA },
};

import { describe, expect, test } from 'bun:test';
import { createAnnouncer } from './announcer.ts';
import { createDrafts, forgetDrafts } from './drafts.ts';
import { createDirectory } from './directory.ts';
import { createPreferences, keptAtMost } from './preferences.ts';
import { createResource } from './resource.ts';
import { createScrollMemories } from './scroll-memory.ts';

/** A `Storage` in memory; `full` makes it refuse to write. */
function memoryStorage(full = false): Storage {
  const map = new Map<string, string>();
  return {
    get length() {
      return map.size;
    },
    key: (i) => [...map.keys()][i] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem(key, value) {
      if (full) throw new Error('QuotaExceededError');
      map.set(key, value);
    },
    removeItem: (key) => void map.delete(key),
    clear: () => map.clear(),
  };
}

describe('drafts', () => {
  test('a draft survives a reload, each conversation with its own', () => {
    const storage = memoryStorage();
    createDrafts(storage).set('ch:a', { text: 'half a sent', mentions: [], reply_to: 'x' });
    expect(createDrafts(storage).get('ch:a')).toEqual({ text: 'half a sent', mentions: [], reply_to: 'x' });
    expect(createDrafts(storage).get('ch:b').text).toBe('');
  });

  test('a full storage does not lose the draft while the page lives', () => {
    const drafts = createDrafts(memoryStorage(true));
    drafts.set('ch:a', { text: 'kept', mentions: [] });
    expect(drafts.get('ch:a').text).toBe('kept');
  });

  test('sent and forgotten drafts leave nothing behind', () => {
    const storage = memoryStorage();
    const drafts = createDrafts(storage);
    drafts.set('ch:a', { text: 'x', mentions: [] });
    drafts.set('ch:a', { text: '', mentions: [] });
    drafts.set('ch:b', { text: 'y', mentions: [] });
    forgetDrafts(storage);
    expect(storage.length).toBe(0);
  });
});

test('how much is kept is what was chosen before the page began', () => {
  const storage = memoryStorage();
  expect(keptAtMost(storage)).toBe(100_000);
  const preferences = createPreferences(storage, ['en']);
  preferences.set({ ...preferences.state(), keepEntries: 1_000 });
  expect(keptAtMost(storage)).toBe(1_000);
});

describe('the announcer', () => {
  test('what arrives in quick succession becomes one sentence', () => {
    const timers: (() => void)[] = [];
    const announcer = createAnnouncer({
      after: (_ms, fn) => {
        timers.push(fn);
        return () => {};
      },
    });
    const spoken: string[] = [];
    announcer.spoken.subscribe(() => spoken.push(announcer.spoken.state()));
    const many = (count: number): string => `${count} messages`;
    for (const text of ['a', 'b', 'c']) announcer.arrived(text, many);
    expect(spoken).toEqual(['a']);
    timers.shift()?.();
    expect(spoken).toEqual(['a', '2 messages']);
  });
});

describe('a resource', () => {
  test('a failed refresh keeps what was there and says why', async () => {
    let fails = false;
    const resource = createResource(async () => {
      if (fails) throw new Error('no network');
      return 1;
    });
    await resource.refresh();
    fails = true;
    await resource.refresh();
    expect(resource.state()).toEqual({ value: 1, loading: false, error: new Error('no network') });
  });

  test('what was put during a fetch is not overwritten by its older answer', async () => {
    const answer = Promise.withResolvers<number>();
    const resource = createResource(() => answer.promise);
    const done = resource.refresh();
    resource.put(2);
    answer.resolve(1);
    await done;
    expect(resource.state().value).toBe(2);
  });
});

describe('the directory', () => {
  test('one person is fetched once, however many ask, and never more than four at a time', async () => {
    let open = 0;
    let most = 0;
    const asked: string[] = [];
    const gate = Promise.withResolvers<void>();
    const rest = async (_route: string, { params }: { params: { user: string } }) => {
      asked.push(params.user);
      most = Math.max(most, ++open);
      await gate.promise;
      open--;
      return { id: params.user, name: params.user.toUpperCase() };
    };
    const directory = createDirectory({ rest: rest as never, on: () => () => {} });
    const all = ['a', 'b', 'c', 'd', 'e', 'f'];
    const complete = new Promise<void>((resolve) =>
      directory.subscribe(() => directory.state().size === all.length && resolve()),
    );
    for (const id of [...all, ...all]) directory.want(id);
    gate.resolve();
    await complete;
    expect(asked.toSorted()).toEqual(all);
    expect(most).toBe(4);
    expect(directory.state().get('c')?.name).toBe('C');
  });
});

test('a list that was left at its end starts at its end', () => {
  const places = createScrollMemories();
  places('ch:a').keep({ offset: 120, measured: [] });
  expect(places('ch:a').take()?.offset).toBe(120);
  places('ch:a').keep(null);
  expect(places('ch:a').take()).toBeNull();
});

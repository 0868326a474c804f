import { describe, expect, test } from 'bun:test';
import { memoryStore, type StoreNotice } from '@konferenco/client/storage';
import { createAccountStore } from './account-store.ts';

function fixture() {
  const opened = new Map<string, ReturnType<typeof memoryStore>>();
  const notices: (StoreNotice | null)[] = [];
  const faults: unknown[] = [];
  const account = createAccountStore({
    kind: 'durable',
    async open(user) {
      const store = memoryStore();
      opened.set(user, store);
      return { store, notice: null };
    },
    onNotice: (notice) => notices.push(notice),
    onFault: (error) => faults.push(error),
  });
  return { account, opened, notices, faults };
}
const change = (value: unknown) => [{ table: 'meta', key: 'k', value }] as const;

describe('the store of whoever is signed in', () => {
  test('refuses everything before anybody is', async () => {
    const { account } = fixture();
    await expect(account.store.get('meta', 'k')).rejects.toMatchObject({ fault: 'unavailable' });
  });

  test('keeps each person’s rows apart, and opens a store once', async () => {
    const { account, opened, notices } = fixture();
    account.use('mere');
    account.use('mere');
    await account.store.write(change(1));
    account.use('tom');
    expect(await account.store.get('meta', 'k')).toBeUndefined();
    expect([...opened.keys()]).toEqual(['mere', 'tom']);
    expect(notices).toEqual([null, null]);
    await expect(opened.get('mere')?.get('meta', 'k')).rejects.toMatchObject({ fault: 'unavailable' });
  });

  test('says what kind it is once it is open', async () => {
    const { account } = fixture();
    expect(account.store.kind).toBe('durable');
    account.use('mere');
    await account.store.usage();
    expect(account.store.kind).toBe('memory');
  });
});

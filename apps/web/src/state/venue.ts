import type { Channel, Client, EventInfo, RouteResponse } from '@konferenco/client';
import { readJson, writeJson, type Preferences } from './preferences.ts';
import { createResource, type Resource } from './resource.ts';
import type { PlainStore } from './store.ts';

export type Me = RouteResponse<'me'>;

/** The event that is shown, and what belongs to it. */
export interface Venue {
  readonly me: Resource<Me>;
  readonly channels: Resource<readonly Channel[]>;
  /** The chosen event, the first one otherwise; `null` without any. */
  event(): EventInfo | null;
  choose(event: string): void;
  refresh(): Promise<void>;
  /** Removes what was kept on this device. */
  forget(): void;
}

/** `programme` is where earlier versions kept it; it only has to be removed. */
const KEYS = { me: 'konferenco.me', channels: 'konferenco.channels', programme: 'konferenco.programme' } as const;

/** Whether somebody was signed in here and did not sign out. */
export function isKnown(storage: Storage): boolean {
  return storage.getItem(KEYS.me) !== null;
}

/** The venue as last seen on this device, then as the server says; fetched again after changes and reconnects. */
export function createVenue(client: Client, storage: Storage, preferences: PlainStore<Preferences>): Venue {
  const kept = <T>(key: string): [T | null, (value: T) => void] => [
    readJson<T>(storage, key),
    (v) => writeJson(storage, key, v),
  ];
  const me = createResource<Me>(() => client.rest('me'), ...kept<Me>(KEYS.me));
  const event = (): EventInfo | null => {
    const events = me.state().value?.events ?? [];
    return events.find((e) => e.id === preferences.state().event) ?? events[0] ?? null;
  };
  const ofEvent =
    <T>(load: (id: string) => Promise<T>) =>
    async (): Promise<T | null> => {
      const current = event();
      return current === null ? null : load(current.id);
    };
  const channels = createResource<readonly Channel[]>(
    ofEvent(async (id) => (await client.rest('channels', { params: { event: id } })).items),
    ...kept<readonly Channel[]>(KEYS.channels),
  );
  const refresh = async (): Promise<void> => {
    await me.refresh();
    await channels.refresh();
  };
  client.on('changed', ({ what }) => {
    if (what === 'channel') void channels.refresh();
    if (what === 'membership') void refresh();
    if (what === 'profile' || what === 'blocks') void me.refresh();
  });
  return {
    me,
    channels,
    event,
    choose(id) {
      preferences.set({ ...preferences.state(), event: id });
      void refresh();
    },
    refresh,
    forget() {
      for (const key of Object.values(KEYS)) storage.removeItem(key);
    },
  };
}

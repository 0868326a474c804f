import type { Client } from '@konferenco/client';
import type { PositionSender, SharingKind, SharingState } from '@konferenco/client/positions';
import { readJson, writeJson } from './preferences.ts';
import { createStore, type PlainStore } from './store.ts';

/** Of whom, and since when (Unix ms), on this device. */
interface Wish {
  readonly user: string;
  readonly since: number;
}

const KEY = 'konferenco.sharing';

/** Whether the person shares where this device is, and how that stands. */
export interface SharingView {
  /** When it was turned on (Unix ms); `null`: it is off. */
  readonly since: number | null;
  /** How the sending stands; `null` until its code is loaded. */
  readonly sender: SharingState | null;
  /** Why the code that sends could not be loaded; `null`: it could, or was not needed. */
  readonly error: unknown;
}

/** The position of this device, sent while its person wants that: remembered over reloads, the same in all tabs. */
export interface Sharing extends Pick<PlainStore<SharingView>, 'state' | 'subscribe'> {
  /** From a press, by somebody who was told what it means. Also to try again what the browser refused. */
  turnOn(): void;
  /** Nothing is taken or sent from now on. */
  turnOff(): void;
  /** Somebody is signed in: goes on where they had it on. */
  begin(): void;
  /** Nobody is signed in any more, and nothing remembers that it was on. */
  end(): void;
}

export interface SharingOptions {
  readonly client: Pick<Client, 'me'>;
  readonly storage: Storage;
  /** Calls `fn` when another tab wrote to the storage: with the key, or `null` for all of it. */
  readonly onStorage: (fn: (key: string | null) => void) => void;
  readonly load: () => Promise<PositionSender>;
  /** Unix ms. */
  readonly now: () => number;
}

/** Whether it is on and nothing stands against it but the connection or the moment: worth being seen from everywhere. */
export function isSharing({ since, sender }: SharingView): boolean {
  const against: readonly SharingKind[] = ['unasked', 'denied', 'unsupported'];
  return since !== null && !against.includes(sender?.kind ?? 'off');
}

const OFF: SharingView = { since: null, sender: null, error: null };

export function createSharing({ client, storage, onStorage, load, now }: SharingOptions): Sharing {
  const view = createStore(OFF);
  let opening: Promise<PositionSender> | null = null;

  const put = (part: Partial<SharingView>): void => view.set({ ...view.state(), ...part });
  const heard = (sender: PositionSender): void => {
    const state = sender.state();
    // The consent is gone: turning it on again is the person's to do.
    if (state.kind === 'refused') forget();
    put({ sender: state, ...(state.kind === 'refused' ? { since: null } : {}) });
  };
  const forget = (): void => storage.removeItem(KEY);
  const open = (): Promise<PositionSender> => {
    if (opening) return opening;
    const mine: Promise<PositionSender> = load().then((sender) => {
      sender.subscribe(() => opening === mine && heard(sender));
      return sender;
    });
    opening = mine;
    return mine;
  };
  /** Does with the sender what was asked for, unless that is over when its code is there. */
  const go = (how: 'start' | 'resume'): void => {
    const mine = open();
    mine.then(
      (sender) => {
        if (opening !== mine) sender.close();
        else if (view.state().since !== null) sender[how]();
      },
      (error: unknown) => {
        if (opening !== mine) return;
        opening = null;
        put({ error });
      },
    );
  };
  const stop = (): void => {
    put({ since: null, error: null });
    // What cannot be loaded sends nothing.
    opening?.then(
      (sender) => view.state().since === null && sender.stop(),
      () => {},
    );
  };
  /** What was chosen here, perhaps in another tab. */
  const follow = (): void => {
    const wish = readJson<Wish>(storage, KEY);
    const since = wish !== null && wish.user === client.me?.id ? wish.since : null;
    if (since === view.state().since) return;
    if (since === null) return stop();
    put({ since, error: null });
    go('resume');
  };
  onStorage((key) => {
    if (client.me && (key === KEY || key === null)) follow();
  });
  return {
    state: view.state,
    subscribe: view.subscribe,
    turnOn() {
      const since = view.state().since ?? now();
      if (client.me) writeJson(storage, KEY, { user: client.me.id, since } satisfies Wish);
      put({ since, error: null });
      go('start');
    },
    turnOff() {
      forget();
      stop();
    },
    begin: follow,
    end() {
      forget();
      opening?.then(
        (sender) => sender.close(),
        () => {},
      );
      opening = null;
      view.set(OFF);
    },
  };
}

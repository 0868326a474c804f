import type { Client } from '@konferenco/client';
import type { Attachments } from '@konferenco/client/attachments';
import { createStore, type PlainStore } from './store.ts';

/** A file that was chosen for a message that is not sent yet. */
export interface ChosenFile {
  readonly key: number;
  /** What will be sent: `null` while a picture is being made smaller. */
  readonly ready: File | null;
  /** As it was chosen. */
  readonly original: File;
  /** Sent as it is, with everything that a camera wrote into it. */
  readonly asIs: boolean;
  /** A picture of which a smaller copy without its place can be made. */
  readonly isPicture: boolean;
  /** What it shows, in the person's words. */
  readonly alt: string;
  /** What is sent beside it, once it is ready. */
  readonly look: PictureLook;
}

/** How a picture looks before it is there: a small copy, and its colour on the whole (six hexadecimal digits). */
export interface PictureLook {
  readonly preview?: Blob;
  readonly tint?: string;
}

/** Types of which a smaller copy can be made here. Others, GIF with its movement above all, are sent as they are. */
const PICTURES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/webp']);

/** Files in messages, for whoever is signed in. The part that carries them is loaded when it is needed. */
export interface Files {
  /** `null` until it is loaded. */
  readonly now: Pick<PlainStore<Attachments | null>, 'state' | 'subscribe'>;
  /** Files chosen in one composer, by its place. */
  chosen(place: string): PlainStore<readonly ChosenFile[]>;
  choose(place: string, chosen: readonly File[]): void;
  /** Loads it; the same for everybody who asks. */
  open(): Promise<Attachments>;
  /** Somebody is signed in: what an earlier page left on its way goes on. */
  begin(): void;
  /** Nobody is signed in any more; `forget` removes what is kept too. */
  end(how: 'keep' | 'forget'): Promise<void>;
}

export interface FilesOptions {
  readonly client: Pick<Client, 'me' | 'ready'>;
  readonly load: (user: string) => Promise<Attachments>;
  /** Something failed that nobody waits for. */
  readonly onFault: (error: unknown) => void;
}

export function createFiles({ client, load, onFault }: FilesOptions): Files {
  const now = createStore<Attachments | null>(null);
  const places = new Map<string, PlainStore<readonly ChosenFile[]>>();
  let opening: Promise<Attachments> | null = null;
  const open = (): Promise<Attachments> => {
    if (opening) return opening;
    const mine: Promise<Attachments> = client.ready
      .then(() => load(client.me?.id ?? ''))
      .then((attachments) => {
        if (opening === mine) now.set(attachments);
        return attachments;
      });
    opening = mine;
    mine.catch(() => {
      if (opening === mine) opening = null;
    });
    return mine;
  };
  const chosenAt = (place: string): PlainStore<readonly ChosenFile[]> => {
    const known = places.get(place) ?? createStore<readonly ChosenFile[]>([]);
    places.set(place, known);
    return known;
  };
  let keys = 0;
  return {
    now,
    open,
    chosen: chosenAt,
    choose(place, files) {
      const store = chosenAt(place);
      const more = files.map((original): ChosenFile => {
        const isPicture = PICTURES.has(original.type);
        return {
          key: ++keys,
          ready: isPicture ? null : original,
          original,
          asIs: !isPicture,
          isPicture,
          alt: '',
          look: {},
        };
      });
      store.set([...store.state(), ...more]);
    },
    begin: () => void open().catch(onFault),
    async end(how) {
      const ending = how === 'forget' && client.me ? open() : opening;
      opening = null;
      now.set(null);
      places.clear();
      const attachments = await ending;
      if (how === 'forget') await attachments?.forget();
      await attachments?.close();
    },
  };
}

/** One file that the application is made of. */
export interface ShellFile {
  /** Path from the root, with the leading slash. */
  readonly path: string;
  /** The first {@link HASH_BYTES} of the SHA-256 of the content, base64. */
  readonly hash: string;
  /** The name holds a hash of the content: any copy under this name is the right one. */
  readonly immutable: boolean;
  /** Kept when it is first asked for, not beforehand: large, and rarely needed. */
  readonly onDemand?: true;
}

/** Of a hash: enough to know a file, and short, as the worker holds one of every file. */
export const HASH_BYTES = 16;

/** What the build tells the service worker about the version that it belongs to. */
export interface ShellBuild {
  /** Differs whenever any file of the application does. */
  readonly version: string;
  readonly files: readonly ShellFile[];
}

/** Name of the lock that every page of a version holds while it is open, so that its files are kept. */
export const pageLock = (version: string): string => `${PAGE_LOCK}${version}`;
export const PAGE_LOCK = 'konferenco-page-';

/** Tag of Background Sync: messages wait, and the browser says when there is a network again. */
export const OUTBOX_SYNC = 'konferenco-outbox';

/** What a page tells the service worker. */
export type ToWorker =
  /** The person wants the new version now. */
  | { readonly kind: 'take_over' }
  /** A page opened or closed: files of versions that no page shows any more may go. */
  | { readonly kind: 'prune' };

/** What the service worker tells its pages. */
export type FromWorker = {
  /** There is a network again: send what waits. */
  readonly kind: 'wake';
};

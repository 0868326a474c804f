/** The form of a key: parts of letters, digits, `.`, `_` and `-`, none beginning with a dot, joined with `/`. */
export const OBJECT_KEY = /^(?=.{1,200}$)[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Unix ms by the storage's clock, in whole seconds at the coarsest. */
  readonly modified_at: number;
}

/** The bytes of an object, or of a part of it. Whoever stops reading early ends the iteration, which releases the source. */
export interface ObjectBody {
  /** Bytes of the whole object. */
  readonly size: number;
  /** Pieces of at most a few hundred KB, read as they are asked for. */
  readonly bytes: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Inclusive: the bytes `first` to `last`, both within the object. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface ObjectPage {
  readonly objects: readonly ObjectInfo[];
  /** Opaque: where the next page begins; absent on the last. */
  readonly next?: string;
}

/** What a link answers with. */
export interface LinkOptions {
  /** Seconds it is good for, counted from now. */
  readonly expires_in_s: number;
  readonly type: string;
  /** Value of `Content-Disposition`, in ASCII. */
  readonly disposition: string;
}

/**
 * Keeps the bytes of files. It knows nothing of what they mean: a body may be encrypted.
 *
 * Guarantees every adapter keeps and the contract suite checks:
 * - `put` is all or nothing: no reader sees a part of an object, and once `put` resolved the object is durable.
 * - What is read is what was put, byte for byte; a body that breaks off while it is read rejects.
 * - Memory does not grow with the size of an object.
 * - No call waits for ever: what the storage does not answer in time rejects.
 *
 * Every method rejects with {@link ObjectsUnavailableError} when the storage cannot be used, and the call may be repeated.
 */
export interface ObjectStore {
  /**
   * Writes an object of exactly `size` bytes, replacing one under the same key. What `body` throws rejects, as does a
   * body of another size ({@link ObjectSizeError}); nothing is kept then.
   */
  put(key: string, body: AsyncIterable<Uint8Array>, size: number): Promise<void>;
  /** `null`: there is no such object. */
  get(key: string, range?: ByteRange): Promise<ObjectBody | null>;
  stat(key: string): Promise<ObjectInfo | null>;
  /** Deleting what is not there is done. */
  delete(key: string): Promise<void>;
  /** Objects whose key begins with `prefix`, each once, in an order of the storage's own. */
  list(prefix: string, page: { readonly after?: string; readonly limit: number }): Promise<ObjectPage>;
  /**
   * An address that gives the object to whoever has it, until it expires: absolute, or a path of this server's that
   * begins with `/`. Says nothing of whether there is such an object.
   */
  link(key: string, options: LinkOptions): Promise<string>;
  /** Removes what a `put` left behind that broke off before `before`, Unix ms. Returns how many. */
  sweep(before: number): Promise<number>;
  close(): Promise<void>;
}

/** The storage for files could not be reached, is full or refuses; repeating may help. The message is for an operator. */
export class ObjectsUnavailableError extends Error {
  override readonly name: string = 'ObjectsUnavailableError';
}

/** A body was longer or shorter than announced. */
export class ObjectSizeError extends Error {
  override readonly name = 'ObjectSizeError';
}

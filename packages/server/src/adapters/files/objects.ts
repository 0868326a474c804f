import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ByteRange,
  type LinkOptions,
  OBJECT_KEY,
  type ObjectBody,
  type ObjectInfo,
  type ObjectPage,
  ObjectSizeError,
  type ObjectStore,
  ObjectsUnavailableError,
} from '@konferenco/core';
import { exactly } from '../object-body.ts';

export interface FileObjectsOptions {
  /** Made when it is missing, readable by this user alone. */
  readonly dir: string;
  /** Makes a path of this server's of a key. */
  readonly sign: (key: string, options: LinkOptions) => string;
}

/** Bytes read at once. */
const PIECE = 262_144;
const DRAFTS = 'drafts';
/** Stands for `/` in file names; no key holds it. */
const SLASH = '+';

/**
 * Objects as files in 256 folders, by a hash of the key. An object is written to a draft, synced, and only then given
 * its name, so a crash leaves a draft and never half an object.
 */
export async function openFileObjects(options: FileObjectsOptions): Promise<ObjectStore> {
  const drafts = join(options.dir, DRAFTS);
  await attempt('the folder for files cannot be used', () => mkdir(drafts, { recursive: true, mode: 0o700 }));
  return new FileObjects(options);
}

class FileObjects implements ObjectStore {
  readonly #dir: string;
  readonly #sign: FileObjectsOptions['sign'];

  constructor({ dir, sign }: FileObjectsOptions) {
    this.#dir = dir;
    this.#sign = sign;
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, size: number): Promise<void> {
    const place = this.#place(key);
    const draft = join(this.#dir, DRAFTS, randomBytes(12).toString('hex'));
    await attempt('a file cannot be written', async () => {
      try {
        await writeDraft(draft, exactly(body, size));
        if (await mkdir(place.folder, { recursive: true, mode: 0o700 })) await syncFolder(this.#dir);
        await rename(draft, place.path);
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
      await syncFolder(place.folder);
    });
  }

  async get(key: string, range?: ByteRange): Promise<ObjectBody | null> {
    const found = await this.stat(key);
    if (!found) return null;
    const { size } = found;
    return { size, bytes: piecesOf(this.#place(key).path, range ?? { first: 0, last: size - 1 }) };
  }

  stat(key: string): Promise<ObjectInfo | null> {
    const { path } = this.#place(key);
    return attempt('a file cannot be looked at', async () => {
      const found = await unlessMissing(stat(path));
      return found && { key, size: found.size, modified_at: Math.floor(found.mtimeMs) };
    });
  }

  delete(key: string): Promise<void> {
    const { path } = this.#place(key);
    return attempt('a file cannot be deleted', async () => {
      await unlessMissing(unlink(path));
    });
  }

  list(prefix: string, { after, limit }: { readonly after?: string; readonly limit: number }): Promise<ObjectPage> {
    return attempt('the folder for files cannot be listed', async () => {
      const [firstFolder = '', afterName = ''] = after?.split(' ') ?? [];
      const objects: ObjectInfo[] = [];
      for (const folder of (await readdir(this.#dir)).filter((name) => name !== DRAFTS).sort()) {
        if (folder < firstFolder) continue;
        const names = (await readdir(join(this.#dir, folder))).sort();
        for (const name of names) {
          if (folder === firstFolder && name <= afterName) continue;
          const key = name.replaceAll(SLASH, '/');
          const info = key.startsWith(prefix) ? await this.stat(key) : null;
          if (info) objects.push(info);
          if (objects.length === limit) return { objects, next: `${folder} ${name}` };
        }
      }
      return { objects };
    });
  }

  async link(key: string, options: LinkOptions): Promise<string> {
    return this.#sign(key, options);
  }

  sweep(before: number): Promise<number> {
    return attempt('drafts cannot be removed', async () => {
      let count = 0;
      const drafts = join(this.#dir, DRAFTS);
      for (const name of await readdir(drafts)) {
        const found = await unlessMissing(stat(join(drafts, name)));
        if (!found || found.mtimeMs >= before) continue;
        await unlessMissing(unlink(join(drafts, name)));
        count++;
      }
      return count;
    });
  }

  async close(): Promise<void> {}

  #place(key: string): { readonly folder: string; readonly path: string } {
    if (!OBJECT_KEY.test(key)) throw new TypeError(`not the key of an object: ${JSON.stringify(key)}`);
    const folder = join(this.#dir, createHash('sha256').update(key).digest('hex').slice(0, 2));
    return { folder, path: join(folder, key.replaceAll('/', SLASH)) };
  }
}

async function writeDraft(draft: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(draft, 'wx', 0o600);
  try {
    for await (const piece of body) await writeAll(file, piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let done = 0; done < piece.length; ) done += (await file.write(piece, done)).bytesWritten;
}

/** Opens the file when the first piece is asked for: what nobody reads holds no descriptor. */
async function* piecesOf(path: string, { first, last }: ByteRange): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const file = await attempt('a file cannot be read', () => open(path, 'r'));
  try {
    for (let at = first; at <= last; ) {
      const piece = new Uint8Array(Math.min(PIECE, last + 1 - at));
      const { bytesRead } = await attempt('a file cannot be read', () => file.read(piece, 0, piece.length, at));
      if (bytesRead === 0) throw new ObjectsUnavailableError('a file became shorter while it was read');
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** A new name in a folder is durable once the folder is synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function unlessMissing<Result>(work: Promise<Result>): Promise<Result | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** What the file system refuses becomes the port's error; whatever else was thrown passes. */
async function attempt<Result>(failure: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === undefined || error instanceof ObjectSizeError) throw error;
    throw new ObjectsUnavailableError(`${failure}: ${(error as Error).message}`, { cause: error });
  }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

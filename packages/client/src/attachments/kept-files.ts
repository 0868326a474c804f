import type { Environment } from '../types.ts';
import type { FileChange, FileStore } from './file-store.ts';

const KEPT = 'kept/';

/** Under which id the small picture of a file is kept. */
export const keptPreview = (id: string): string => `${id}/preview`;

/** Being used again within this time is not written down. */
const TOUCH_MS = 600_000;

interface KeptRecord {
  readonly size: number;
  /** Unix ms. */
  readonly used_at: number;
}

export interface KeptFilesOptions {
  readonly files: FileStore;
  readonly environment: Pick<Environment, 'now'>;
  /** Bytes at the most. */
  readonly limit: number;
}

/** Files that were opened or sent here, for when there is no network. The least recently used leave first. */
export class KeptFiles {
  readonly #options: KeptFilesOptions;

  constructor(options: KeptFilesOptions) {
    this.#options = options;
  }

  async get(id: string): Promise<Blob | undefined> {
    const { files, environment } = this.#options;
    const record = (await this.#all()).get(id);
    const blob = record ? await files.blob(KEPT + id) : undefined;
    if (record && blob && environment.now() - record.used_at > TOUCH_MS) {
      await files.write([{ table: 'records', key: KEPT + id, value: { ...record, used_at: environment.now() } }]);
    }
    return blob;
  }

  async has(id: string): Promise<boolean> {
    return (await this.#all()).has(id);
  }

  /** What keeps a file, and makes room for it; nothing for one that takes more than half of the room. */
  async keeping(id: string, blob: Blob): Promise<readonly FileChange[]> {
    const { environment, limit } = this.#options;
    if (blob.size > limit / 2) return [];
    const all = await this.#all();
    all.delete(id);
    const changes: FileChange[] = [];
    let bytes = blob.size + sum(all);
    for (const [old, { size }] of [...all].sort(([, a], [, b]) => a.used_at - b.used_at)) {
      if (bytes <= limit) break;
      bytes -= size;
      changes.push(...dropping(old));
    }
    const record: KeptRecord = { size: blob.size, used_at: environment.now() };
    return [
      ...changes,
      { table: 'records', key: KEPT + id, value: record },
      { table: 'blobs', key: KEPT + id, value: blob },
    ];
  }

  async bytes(): Promise<number> {
    return sum(await this.#all());
  }

  async clear(): Promise<void> {
    await this.#options.files.write([...(await this.#all()).keys()].flatMap(dropping));
  }

  async #all(): Promise<Map<string, KeptRecord>> {
    const records = await this.#options.files.records(KEPT);
    return new Map(records.map(({ key, value }) => [key.slice(KEPT.length), value as KeptRecord]));
  }
}

function sum(all: ReadonlyMap<string, KeptRecord>): number {
  return [...all.values()].reduce((bytes, { size }) => bytes + size, 0);
}

function dropping(id: string): readonly FileChange[] {
  return [
    { table: 'records', key: KEPT + id, value: undefined },
    { table: 'blobs', key: KEPT + id, value: undefined },
  ];
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Writes `files` (path → text) into a fresh folder, calls `use` with it and removes it again. */
export async function withProject<T>(
  files: Readonly<Record<string, string>>,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'konferenco tools '));
  try {
    for (const [path, text] of Object.entries(files)) await Bun.write(join(root, path), text);
    return await use(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

import { copyFile, mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { driverOver, SqliteError, type SqliteLibrary, type SqlitePlatform } from './sqlite-driver.ts';

/** The write-ahead log and its index; the index is worth nothing without the process that wrote it. */
const WAL = '-wal';
const SHM = '-shm';
const PATTERN = /^(.+\.sqlite)(?:-wal|-shm)?$/;
/** Only the person whose account it is. */
const FOLDER_MODE = 0o700;

/** Databases as files of one folder, which is made when it is missing. */
export function filePlatform(folder: string, open: (path: string) => SqliteLibrary): SqlitePlatform {
  const path = (name: string) => join(folder, name);
  const ready = () => mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  return {
    open: (name) =>
      guarded(async () => {
        await ready();
        return driverOver(open(path(name)));
      }),
    names: () =>
      guarded(async () => {
        await ready();
        return [...new Set((await readdir(folder)).flatMap((file) => PATTERN.exec(file)?.[1] ?? []))];
      }),
    rename: (from, to) =>
      guarded(async () => {
        for (const part of [WAL, SHM, '']) await ifThere(() => rename(path(from + part), path(to + part)));
      }),
    copy: (from, to) =>
      guarded(async () => {
        for (const part of ['', WAL]) await ifThere(() => copyFile(path(from + part), path(to + part)));
      }),
    remove: (name) =>
      guarded(async () => {
        for (const part of ['', WAL, SHM]) await rm(path(name + part), { force: true });
      }),
    size: (name) =>
      guarded(async () => {
        const parts = await Promise.all(['', WAL].map((part) => stat(path(name + part)).catch(() => null)));
        const { bavail, bsize } = await statfs(folder);
        return { bytes: parts.reduce((sum, part) => sum + (part?.size ?? 0), 0), free: bavail * bsize };
      }),
  };
}

async function ifThere(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SqliteError) throw error;
    throw new SqliteError(FULL.includes(codeOf(error) ?? '') ? 'full' : 'other', error);
  }
}

const FULL = ['ENOSPC', 'EDQUOT'];

function codeOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}

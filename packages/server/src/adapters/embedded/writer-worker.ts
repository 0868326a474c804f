import { SQLiteError } from 'bun:sqlite';
import { type Command, type Replay, ReplicaDivergedError } from '@konferenco/core';
import { decodeBatch } from './batch-codec.ts';
import type { CommitReply, Diverged, Reply, WriterRequests } from './messages.ts';
import { type OpenLog, openLog } from './open-log.ts';
import { replayInto } from './replay.ts';
import { serve } from './worker-host.ts';

type Requests = { [K in keyof WriterRequests]: WriterRequests[K]['request'] };

/** After these the state of the file is unknown, so nothing more is written until the store is opened again. */
const FATAL = /^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN|READONLY)/;

serve((news) => {
  let open: OpenLog | null = null;
  let broken: string | null = null;

  function log(): OpenLog {
    if (broken !== null) throw new Error(broken);
    if (!open) throw new Error('the log is not open');
    return open;
  }

  function guarded<T>(work: (log: OpenLog) => T): T {
    const current = log();
    try {
      return inTransaction(current, () => work(current));
    } catch (error) {
      if (error instanceof SQLiteError && FATAL.test(error.code ?? '')) {
        broken = `the log cannot be written: ${error.message}`;
        news.broken(broken);
        if (error.code?.startsWith('SQLITE_CORRUPT')) news.damage(broken);
      } else current.writer.restore();
      throw error;
    }
  }

  function commit(request: Requests['commit']): CommitReply {
    const cut = request.indexOf(' ');
    const stamp = log().writer.stamp(Number(request.slice(0, cut)));
    const calls = decodeBatch(request.slice(cut + 1));
    try {
      const results = guarded(({ writer }) =>
        calls.map((commands) => commands.map((command) => writer.apply(command, stamp))),
      );
      return { at: stamp, seq: log().writer.seq, wal_bytes: log().walBytes(), results };
    } catch (error) {
      if (calls.length === 1 || isOfTheDisk(error)) throw error;
      return commitSingly(stamp, calls);
    }
  }

  function replay(request: Requests['replay']): CommitReply | Diverged {
    const { commands, heads, changes } = JSON.parse(request) as Replay;
    try {
      const replies = guarded(({ writer }) => replayInto(writer, { commands, heads, changes }));
      return { at: commands.at(-1)?.at ?? 0, seq: log().writer.seq, wal_bytes: log().walBytes(), results: [replies] };
    } catch (error) {
      if (error instanceof ReplicaDivergedError) return { diverged: error.message };
      throw error;
    }
  }

  /** Finds the call that spoils a batch: each in a transaction of its own. */
  function commitSingly(at: number, calls: readonly (readonly Command[])[]): CommitReply {
    const results: (Reply[] | null)[] = [];
    const errors: (string | null)[] = [];
    for (const commands of calls) {
      try {
        results.push(guarded(({ writer }) => commands.map((command) => writer.apply(command, at))));
        errors.push(null);
      } catch (error) {
        results.push(null);
        errors.push(error instanceof Error ? error.message : String(error));
      }
    }
    return { at, seq: log().writer.seq, wal_bytes: log().walBytes(), results, errors };
  }

  return (operation, argument) => {
    switch (operation) {
      case 'open':
        open = openLog(argument as Requests['open'], news);
        return { epoch: open.epoch, seq: open.writer.seq, wal_bytes: open.walBytes() };
      case 'commit':
        return commit(argument as Requests['commit']);
      case 'replay':
        return replay(argument as Requests['replay']);
      case 'cursors':
        return guarded(({ writer }) => {
          for (const { user, device, inbox } of argument as Requests['cursors']) writer.saveCursor(user, device, inbox);
          return null;
        });
      case 'trim': {
        const { now, indexed_erasures } = argument as Requests['trim'];
        return guarded(({ trimmer }) => trimmer.trim(now, indexed_erasures));
      }
      case 'restart_wal':
        return { wal_bytes: log().restartWal() };
      case 'close':
        open?.close();
        open = null;
        return null;
      default:
        throw new Error(`the writer does not know '${operation}'`);
    }
  };
});

/** A fault of the disk strikes every call alike; any other may lie in one of them. */
function isOfTheDisk(error: unknown): boolean {
  return error instanceof SQLiteError && !/^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(error.code ?? '');
}

function inTransaction<T>({ db }: OpenLog, work: () => T): T {
  db.run('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.run('COMMIT');
    return result;
  } catch (error) {
    if (db.inTransaction) db.run('ROLLBACK');
    throw error;
  }
}

import type { Append, Command } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';

/** The log of all commands of a venue's store, in the order of commits. No client can name it: `parseLogName` does not know it. */
export const JOURNAL: LogName = 'uplink:journal';
/** No user's id: those hold no colon. */
const SENDER = 'uplink:journal';

/** How long commands are kept for a mirror that is away. */
export const JOURNAL_MS = 8 * 24 * 3_600_000;

/** Rows about the uplink itself. */
export const UPLINK_ROWS = 'uplink';
/** In a venue's store: where its journal began. */
export const ORIGIN = 'origin';
/** Rows about a mirror's replica. */
export const MIRROR_ROWS = 'mirror';
/** In a mirror's store: how far it is, and whom it follows. */
export const POSITION = 'position';

export interface OriginRow {
  /** First journal offset after which no command is missing. */
  readonly from: number;
  readonly whole: boolean;
}

export interface PositionRow {
  readonly offset: number;
  /** Of the venue's store. */
  readonly epoch: string;
  /** Of the mirror's own store when this was written: another one means that the mirror lost something. */
  readonly own: string;
}

/** The command with its own entry in the journal: both are kept or neither. */
export function journaled(command: Command, { id, now }: { readonly id: string; readonly now: number }): Command {
  const entry: Append = {
    log: JOURNAL,
    id,
    sender: SENDER,
    envelope: JSON.stringify(command),
    expires_at: now + JOURNAL_MS,
  };
  return { ...command, appends: [...(command.appends ?? []), entry] };
}

/** Whether a command touches what belongs to the uplink alone. */
export function isForeign({ appends = [], requires = [], changes = [], erases = [] }: Command): boolean {
  return (
    [...appends, ...erases].some(({ log }) => log === JOURNAL) ||
    [...requires, ...changes].some(({ collection }) => collection === UPLINK_ROWS || collection === MIRROR_ROWS)
  );
}

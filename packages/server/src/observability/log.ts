import pino from 'pino';

/** Structured log lines: what happened and to which node, never what was said, nor tokens, tickets or names. */
export type Log = pino.Logger;

export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: ['token', 'ticket', 'refresh_token', 'authorization', '*.token', '*.ticket'], remove: true },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}

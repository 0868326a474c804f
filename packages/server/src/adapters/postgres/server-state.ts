import type { Session } from './session.ts';

/** What a server is set to that an operator should know, in words; empty when all is well. */
export async function readWarnings(session: Session): Promise<string[]> {
  const [found] = await session.query<{ fsync: string; pages: string; standbys: string }>(
    `SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
       current_setting('synchronous_standby_names') AS standbys`,
  );
  const warnings: string[] = [];
  if (found?.fsync !== 'on')
    warnings.push('not durable: fsync is off, so a crash of the machine loses what was acknowledged');
  if (found?.pages !== 'on')
    warnings.push('not durable: full_page_writes is off, so a crash of the machine may tear pages');
  if (found?.standbys === '') {
    warnings.push('not HA: synchronous_standby_names is empty, so what was acknowledged is lost with this one server');
  }
  return warnings;
}

/** The server's time, which all nodes share whatever their own clocks say. */
export class ServerClock {
  #offsetMs = 0;

  /** Unix ms. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Compares with the server's clock, taken to be read halfway through the question. */
  async adjust(session: Session): Promise<void> {
    const asked = Date.now();
    const [row] = await session.query<{ ms: number }>(
      'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
    );
    if (row) this.#offsetMs = Math.round(row.ms - (asked + Date.now()) / 2);
  }
}

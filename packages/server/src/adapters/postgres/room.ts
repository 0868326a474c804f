import type { LogName } from '@konferenco/protocol';
import { textArray } from './arrays.ts';
import { createPartitions, listPartitions, partitionOf } from './partitions.ts';
import type { Session } from './session.ts';
import type { Footprint } from './statements.ts';

/** Logs remembered; a log is never removed. */
const KNOWN_LOGS = 100_000;

/** Which logs and partitions are there, as far as this writer knows, so that it makes those alone that are missing. */
export class Room {
  readonly #schema: string;
  readonly #logs = new Set<LogName>();
  readonly #partitions = new Set<number>();

  constructor(schema: string) {
    this.#schema = schema;
  }

  /** Whether all that a batch needs is there, as far as this writer knows. */
  has({ logs, ids }: Pick<Footprint, 'logs' | 'ids'>): boolean {
    return logs.every((name) => this.#logs.has(name)) && ids.every((id) => this.#partitions.has(partitionOf(id)));
  }

  /** Makes what a batch needs, before its transaction, so that these are never waited for in it. */
  async make(session: Session, { logs, ids }: Pick<Footprint, 'logs' | 'ids'>): Promise<void> {
    const numbers = new Set(ids.map(partitionOf).filter((number) => !this.#partitions.has(number)));
    if (numbers.size > 0) {
      await createPartitions(session, this.#schema, [...numbers]);
      for (const number of numbers) this.#partitions.add(number);
    }
    const names = logs.filter((name) => !this.#logs.has(name));
    if (names.length === 0) return;
    await session.query(
      `INSERT INTO logs(name) SELECT n FROM unnest($1::text[]) AS t(n)
       WHERE NOT EXISTS (SELECT FROM logs WHERE name = n) ORDER BY n COLLATE "C" ON CONFLICT(name) DO NOTHING`,
      [textArray(names)],
    );
    if (this.#logs.size + names.length > KNOWN_LOGS) this.#logs.clear();
    for (const name of names) this.#logs.add(name);
  }

  /** Learns which partitions there are. */
  async look(session: Session): Promise<void> {
    this.#partitions.clear();
    for (const number of await listPartitions(session)) this.#partitions.add(number);
  }

  /** After a refusal nothing that was only remembered is to be trusted. */
  forget(): void {
    this.#logs.clear();
    this.#partitions.clear();
  }
}

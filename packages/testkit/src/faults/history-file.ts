import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { HistoryEvent } from './history.ts';

type WithoutTime<E> = E extends HistoryEvent ? Omit<E, 'at'> : never;

/** An event before it is given its time. */
export type Happening = WithoutTime<HistoryEvent>;

/** Writes a history as it happens, one JSON object a line. */
export class HistoryFile {
  readonly path: string;
  readonly #sink: Bun.FileSink;
  readonly #now: () => number;
  readonly #begin: number;
  #waiting = 0;

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(path: string, now: () => number = () => performance.now()) {
    this.path = path;
    this.#sink = Bun.file(path).writer();
    this.#now = now;
    this.#begin = now();
  }

  record(happening: Happening): void {
    const at = Math.round(this.#now() - this.#begin);
    const line = `${JSON.stringify({ ...happening, at })}\n`;
    this.#sink.write(line);
    this.#waiting += line.length;
    if (this.#waiting < FLUSH_BYTES) return;
    this.#waiting = 0;
    void this.#sink.flush();
  }

  /** Resolves when everything is in the file. */
  async close(): Promise<void> {
    await this.#sink.end();
  }
}

const FLUSH_BYTES = 1_048_576;

/**
 * A history from its file.
 *
 * @throws {SyntaxError} naming the line that is not JSON.
 */
export async function* readHistory(path: string): AsyncGenerator<HistoryEvent> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line === '') continue;
    try {
      yield JSON.parse(line) as HistoryEvent;
    } catch (error) {
      throw new SyntaxError(`${path}:${number}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

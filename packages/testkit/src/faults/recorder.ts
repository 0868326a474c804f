import { canonicalJson, type Envelope, type LogName } from '@konferenco/protocol';
import { effectOf } from './effects.ts';
import type { Happening, HistoryFile } from './history-file.ts';

/** Stands for a whole envelope: equal for equal ones, whatever the order of their members. */
export function fingerprint(envelope: unknown): string {
  return Bun.hash(canonicalJson(envelope)).toString(36);
}

type Told = [offset: number, body: string][];

/** Writes what happens in a run into its history; what is told to a session in one go becomes one line. */
export class Recorder {
  readonly #file: HistoryFile;
  readonly #told = new Map<string, Map<LogName, Told>>();
  #ops = 0;
  #planned = false;

  constructor(file: HistoryFile) {
    this.#file = file;
  }

  record(happening: Happening): void {
    this.flush();
    this.#file.record(happening);
  }

  /** @returns the operation's number. */
  invoked(user: string, log: LogName, envelope: Envelope): number {
    const op = ++this.#ops;
    const effect = effectOf(envelope);
    const said = { op, user, log, id: envelope.id, body: fingerprint(envelope) };
    this.record({ kind: 'invoke', ...said, ...(effect ? { effect } : {}) });
    return op;
  }

  told(session: string, log: LogName, entry: readonly [offset: number, body: string]): void {
    const logs = this.#told.get(session) ?? new Map<LogName, Told>();
    this.#told.set(session, logs);
    const items = logs.get(log);
    if (items) items.push([...entry]);
    else logs.set(log, [[...entry]]);
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      this.flush();
    });
  }

  flush(): void {
    for (const [session, logs] of this.#told)
      for (const [log, items] of logs) this.#file.record({ kind: 'seen', session, log, items });
    this.#told.clear();
  }
}

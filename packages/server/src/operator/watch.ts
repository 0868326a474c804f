import type { OperatedPart, OperatedRung } from '@konferenco/protocol';
import type { Chronicle } from './chronicle.ts';

/** The state of a node at one moment, as far as its changes are events. Counts are since the start. */
export interface Observation {
  readonly parts: readonly Pick<OperatedPart, 'name' | 'state'>[];
  /** Damaged places found in the store since the start. */
  readonly damage: readonly string[];
  readonly holes: number;
  readonly slow: number;
  /** Whether this node brings messages into the streams; `null`: there are none. */
  readonly leads: boolean | null;
}

/** What is in force while a part is away. */
export function rungOf(part: OperatedPart['name']): OperatedRung {
  switch (part) {
    case 'sqlite':
    case 'memory':
    case 'postgres':
      return 'nothing_stored';
    case 'nats':
      return 'nodes_apart';
    case 's3':
      return 'no_files';
    case 'uplink':
      return 'venue_apart';
    case 'redis':
      return 'each_for_itself';
  }
}

/** Compares what it sees with what it saw, and writes down what changed. */
export class Watch {
  readonly #chronicle: Chronicle;
  readonly #node: string;
  readonly #away = new Map<string, () => void>();
  #seen: Omit<Observation, 'parts'> = { damage: [], holes: 0, slow: 0, leads: null };

  /** @param node name of this node */
  constructor(chronicle: Chronicle, node: string) {
    this.#chronicle = chronicle;
    this.#node = node;
  }

  look(now: Observation): void {
    const before = this.#seen;
    this.#seen = now;
    for (const part of now.parts) this.#lookAt(part);
    for (const place of now.damage) {
      if (!before.damage.includes(place)) this.#chronicle.note({ what: 'damage', subject: place });
    }
    const own = { subject: this.#node };
    if (now.holes > before.holes) {
      this.#chronicle.gather({ what: 'holes_repaired', ...own }, now.holes - before.holes);
    }
    if (now.slow > before.slow) this.#chronicle.gather({ what: 'slow_resyncs', ...own }, now.slow - before.slow);
    if (now.leads && !before.leads) this.#chronicle.note({ what: 'relay_lead', ...own });
    if (now.leads === false && before.leads) this.#chronicle.note({ what: 'relay_yield', ...own });
  }

  #lookAt({ name, state }: Observation['parts'][number]): void {
    const back = this.#away.get(name);
    if (state === 'away' && !back) {
      this.#away.set(name, this.#chronicle.begin({ what: 'part_away', subject: name, rung: rungOf(name) }));
    } else if (state === 'working' && back) {
      back();
      this.#away.delete(name);
    }
  }
}

import { answerClaim, type Bus, type BusRecord, type ClaimRecord, type Clock, type NodeStart } from '@konferenco/core';

/** Somebody alive bears this node's name. The message is a sentence for the operator. */
export class NameTakenError extends Error {
  override readonly name = 'NameTakenError';

  constructor(node: string) {
    super(
      `Another node of this cluster is called '${node}', and it is alive: set KONFERENCO_NODE to a name of its own, or wait until that one has ended.`,
    );
  }
}

/** How often a name is asked for, and the pause after each time, in ms: the bus may lose a record, and a bearer be busy. */
const QUESTIONS = 3;
const PAUSE_MS = 100;

export interface NameClaimDeps {
  readonly start: NodeStart;
  readonly bus: Pick<Bus, 'publish' | 'subscribe'>;
  readonly clock: Clock;
}

/** A node's claim to its name: asked for at the start, and from then on defended against every other start. */
export class NameClaim {
  readonly #deps: NameClaimDeps;
  readonly #leaveBus: () => void;
  readonly #taken = Promise.withResolvers<never>();
  #standing: 'asking' | 'held' = 'asking';
  #questions = QUESTIONS;
  #cancelPause = () => {};

  constructor(deps: NameClaimDeps) {
    this.#deps = deps;
    this.#leaveBus = deps.bus.subscribe((record) => this.#receive(record));
    // Whoever does not wait for the answer does not want to know.
    this.#taken.promise.catch(() => undefined);
  }

  /**
   * Asks for the name, for 300 ms. It is the node's own as long as nobody answers.
   *
   * @throws {NameTakenError}
   */
  async ask(): Promise<void> {
    while (this.#questions > 0) {
      this.#questions--;
      this.#say(null);
      await Promise.race([this.#pause(), this.#taken.promise]);
    }
    this.#standing = 'held';
  }

  close(): void {
    this.#cancelPause();
    this.#leaveBus();
  }

  #receive(record: BusRecord): void {
    if (record.kind !== 'claim') return;
    switch (answerClaim(this.#deps.start, this.#standing, record)) {
      case 'tell':
        return this.#say(record.start);
      case 'ask':
        this.#questions = QUESTIONS;
        return;
      case 'give_up':
        return this.#taken.reject(new NameTakenError(this.#deps.start.name));
      case 'nothing':
    }
  }

  #say(to: ClaimRecord['to']): void {
    const { name, id, at } = this.#deps.start;
    this.#deps.bus.publish({ kind: 'claim', node: name, start: id, started_at: at, to });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#cancelPause = this.#deps.clock.after(PAUSE_MS, resolve);
    });
  }
}

import { StoreUnavailableError } from '@konferenco/core';
import { asUnavailable, isLoss } from './errors.ts';
import { Session, type SessionOptions } from './session.ts';

/** A connection that is made when it is first needed, and again after it was lost. */
export class Connection {
  readonly #options: SessionOptions;
  readonly #prepare: (session: Session) => Promise<void>;
  #opening: Promise<Session> | null = null;
  #current: Session | null = null;
  #closed = false;

  /** `prepare` runs on each new session before anything else does. */
  constructor(options: SessionOptions, prepare: (session: Session) => Promise<void> = async () => undefined) {
    this.#options = options;
    this.#prepare = prepare;
  }

  /** @throws {StoreUnavailableError} when it was closed, else what `Session.open` throws */
  session(): Promise<Session> {
    if (this.#closed) return Promise.reject(new StoreUnavailableError('the store is closed'));
    if (this.#current && !this.#current.lost.aborted) return Promise.resolve(this.#current);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /**
   * Does what may be done twice: once more when the connection just broke.
   * @throws {StoreUnavailableError} when the server cannot do it
   */
  async run<T>(work: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await work(await this.session());
    } catch (error) {
      if (!isLoss(error)) throw asUnavailable(error);
    }
    try {
      return await work(await this.session());
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#current?.destroy();
  }

  async #open(): Promise<Session> {
    const session = await Session.open(this.#options);
    try {
      await this.#prepare(session);
    } catch (error) {
      session.destroy();
      throw error;
    }
    if (this.#closed) session.destroy();
    this.#current = session;
    return session;
  }
}

import { adminRemovalsSeen, removalTags, setHas, viewSet } from '@konferenco/core/sync/personal-set';
import type { Envelope, PersonalFields, PersonalSet } from '@konferenco/protocol';
import type { OwnOperations } from './own-operations.ts';
import type { Pending } from './pending.ts';
import type { ScopeReplica } from './scope-replica.ts';
import type { OperationStamp } from './stamper.ts';

/** The sets and fields that are a person's own, read and written. */
export class PersonalElements {
  readonly #scope: ScopeReplica;
  readonly #operations: OwnOperations;

  constructor(scope: ScopeReplica, operations: OwnOperations) {
    this.#scope = scope;
    this.#operations = operations;
  }

  /** Elements, sorted. */
  all(set: PersonalSet): readonly string[] {
    return viewSet(this.#scope.documents.get(set) ?? null);
  }

  /** Elements whose addition or removal waits to be sent. */
  waiting(set: PersonalSet): ReadonlySet<string> {
    return new Set(
      this.#scope.pending.flatMap(({ envelope }) =>
        envelope.payload['on'] === set ? [String(envelope.payload['element'])] : [],
      ),
    );
  }

  /** Puts an element in or out. What waited and was never sent is made up for, so that changing one's mind sends nothing. */
  async put(set: PersonalSet, element: string, on: boolean): Promise<void> {
    const idle = this.#idle((payload) => payload['on'] === set && payload['element'] === element);
    const rest = this.#scope.documentsWithout(idle).get(set) ?? null;
    const isSo = setHas(rest, element) === on;
    if (isSo && idle.length === 0) return;
    const payload = (stamp: OperationStamp) => {
      const seen = adminRemovalsSeen(rest, element);
      return on
        ? { on: set, op: 'add', element, ...stamp, ...(seen.length > 0 ? { seen } : {}) }
        : { on: set, op: 'remove', element, ...stamp, tags: removalTags(rest, element) };
    };
    await this.#instead(idle, isSo ? null : payload);
  }

  /** Writes a field; `null` clears it. Of several values that wait unsent the newest alone is sent. */
  async write(fields: PersonalFields, field: string, value: unknown): Promise<void> {
    const idle = this.#idle((payload) => payload['on'] === fields && payload['field'] === field);
    await this.#instead(idle, (stamp) => ({ on: fields, op: 'set', field, value: value ?? null, ...stamp }));
  }

  #idle(isAbout: (payload: Envelope['payload']) => boolean): readonly Envelope[] {
    const isIdle = ({ envelope, offered }: Pending) =>
      !offered && envelope.type === 'state' && isAbout(envelope.payload);
    return this.#scope.pending.filter(isIdle).map(({ envelope }) => envelope);
  }

  #instead(
    idle: readonly Envelope[],
    payload: ((stamp: OperationStamp) => Readonly<Record<string, unknown>>) | null,
  ): Promise<void> {
    const make = payload && ((stamp: OperationStamp) => ({ type: 'state' as const, payload: payload(stamp) }));
    return this.#operations.instead(this.#scope, idle, make);
  }
}

import { viewFields } from '@konferenco/core/sync/personal-fields';
import type { PersonalElements } from './personal-elements.ts';
import type { ScopeReplica } from './scope-replica.ts';
import type { Own } from './types.ts';
import { View } from './view.ts';

/** A person's own sets and fields. */
export class OwnView implements Own {
  readonly #elements: PersonalElements;
  readonly #view: View<ReturnType<Own['state']>>;

  constructor(personal: ScopeReplica, elements: PersonalElements) {
    this.#elements = elements;
    this.#view = new View(() => ({
      blocked: elements.all('blocked'),
      channels: elements.all('channels'),
      settings: viewFields(personal.documents.get('settings') ?? null),
    }));
    personal.subscribe(() => this.#view.changed());
  }

  state(): ReturnType<Own['state']> {
    return this.#view.state();
  }

  subscribe(fn: () => void): () => void {
    return this.#view.subscribe(fn);
  }

  setBlocked(user: string, on: boolean): Promise<void> {
    return this.#elements.put('blocked', user, on);
  }

  joinChannel(channel: string): Promise<void> {
    return this.#elements.put('channels', channel, true);
  }

  leaveChannel(channel: string): Promise<void> {
    return this.#elements.put('channels', channel, false);
  }

  async setProfile(fields: { readonly name?: string; readonly about?: string }): Promise<void> {
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    await Promise.all(given.map(([field, value]) => this.#elements.write('profile', field, value)));
  }

  setSetting(field: string, value: unknown): Promise<void> {
    return this.#elements.write('settings', field, value);
  }
}

import { accept, type Refusal, type StoredEntry } from '@konferenco/core';
import type { Attachment, Envelope, LogName } from '@konferenco/protocol';
import { peerOf } from '@konferenco/protocol';
import type { World } from '../accounts/test-world.ts';
import { planCorrection } from '../messages/correction.ts';
import type { Attachments } from './attachments.ts';
import { planBinding } from './binding.ts';

/** Uploads and messages with files in the test world, as the handlers would make them. */
export class TestFiles {
  readonly #world: World;
  readonly #attachments: Attachments;

  constructor(world: World, attachments: Attachments) {
    this.#world = world;
    this.#attachments = attachments;
  }

  /** A complete upload. */
  async upload(user: string, log: LogName, bytes: Uint8Array, type = 'application/octet-stream'): Promise<Attachment> {
    const { id } = await this.#attachments.create(user, { log, name: 'a.bin', type, size: bytes.length });
    await this.#attachments.putChunk(user, id, { offset: 0, bytes });
    return this.#attachments.complete(user, id);
  }

  /** A message that carries files; the refusal when it may not. `meanwhile` happens after it was checked and before it is kept. */
  async carry(
    log: LogName,
    user: string,
    attachments: readonly Attachment[],
    { meanwhile, ...fields }: Partial<Envelope> & { readonly meanwhile?: () => Promise<void> } = {},
  ): Promise<StoredEntry | Refusal> {
    const { store, clock, newId } = this.#world;
    const peer = peerOf(log, user);
    const envelope: Envelope = {
      id: newId(),
      type: 'chat',
      subtype: peer === null ? 'channel_message' : 'direct_message',
      from: { user_id: user },
      to: peer === null ? { type: 'channel', id: log.slice('ch:'.length) } : { type: 'user', id: peer },
      payload: { text: '', attachments },
      timestamp: clock.now(),
      ...fields,
    };
    const accepted = accept(envelope, { user, now: clock.now() });
    if (accepted.kind !== 'store') throw new Error(JSON.stringify(accepted));
    const { target: _, ...entry } = accepted.entry;
    const plan = await planBinding(this.#world, { user, log, envelope, expires_at: entry.expires_at });
    if (plan.kind === 'refused') return plan;
    await meanwhile?.();
    const append = { log, id: envelope.id, sender: user, envelope: accepted.json, ...entry };
    await store.commit([{ appends: [append], requires: plan.requires, changes: plan.changes }]);
    const stored = await store.locate(log, envelope.id);
    if (!stored) throw new Error('the message was not stored');
    return stored;
  }

  /** Deletes a message as its author. */
  async erase(log: LogName, { id: target, sender: user }: StoredEntry): Promise<void> {
    const { store, directory, newId } = this.#world;
    const plan = await planCorrection(store, directory, { user, log, target, id: newId(), subtype: 'delete' });
    if (plan.kind === 'refused') throw new Error(plan.error);
    await store.commit([plan]);
  }
}

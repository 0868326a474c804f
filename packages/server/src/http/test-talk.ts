import { type StoredEntry, accept } from '@konferenco/core';
import { createIdGenerator, type Envelope, type LogName, peerOf } from '@konferenco/protocol';
import { DIRECTS, MARK, put, recordKey } from '../accounts/records.ts';
import type { World } from '../accounts/test-world.ts';

/** Puts messages into the logs of the test world, as the publish handler would. */
export interface TestTalk {
  say(log: LogName, sender: string, text: string): Promise<StoredEntry>;
  react(log: LogName, sender: string, target: string): Promise<StoredEntry>;
}

export function createTestTalk({ store, clock, random }: World): TestTalk {
  const newId = createIdGenerator({ now: () => clock.now(), random16: () => random.bytes(16) });

  const append = async (log: LogName, sender: string, subtype: string, payload: Envelope['payload']) => {
    const peer = peerOf(log, sender);
    const envelope: Envelope = {
      id: newId(),
      type: 'chat',
      subtype,
      from: { user_id: sender },
      to: peer === null ? { type: 'channel', id: log.slice('ch:'.length) } : { type: 'user', id: peer },
      payload,
      timestamp: clock.now(),
    };
    const accepted = accept(envelope, { user: sender, now: clock.now() });
    if (accepted.kind !== 'store') throw new Error(JSON.stringify(accepted));
    const { target: _, ...entry } = accepted.entry;
    const { id } = envelope;
    await store.commit([
      {
        appends: [{ log, id, sender, envelope: JSON.stringify(envelope), ...entry }],
        changes:
          peer === null
            ? []
            : [put(DIRECTS, recordKey(sender, peer), MARK), put(DIRECTS, recordKey(peer, sender), MARK)],
      },
    ]);
    const stored = await store.locate(log, id);
    if (!stored) throw new Error('the message was not stored');
    return stored;
  };

  return {
    say: (log, sender, text) =>
      append(log, sender, log.startsWith('dm:') ? 'direct_message' : 'channel_message', { text }),
    react: (log, sender, target) => append(log, sender, 'reaction', { target, emoji: '👍', op: 'add' }),
  };
}

import type { Invite } from '@konferenco/protocol';
import { change } from './change.ts';
import type { Context } from './context.ts';
import { mintInvite } from './invites.ts';
import { at, CHANNELS, EVENT_CHANNELS, EVENTS, listPage, MEMBERS, put, read, recordKey } from './records.ts';

export interface EventSetup {
  readonly id: string;
  readonly title: string;
  /** The venue's IANA zone. */
  readonly time_zone: string;
}

/** Id of the event that a system is set up with; its owners operate the system. */
export const MAIN_EVENT = 'main';

const INVITE_LIFE_S = 30 * 86_400;

/**
 * Creates the configured event at the first start, with a channel to talk in and one for announcements. As long as
 * nobody has joined, answers a fresh invitation for its owner, to be printed; afterwards `null`.
 */
export async function bootstrapEvent(context: Context, setup: EventSetup): Promise<Invite | null> {
  const { id, title, time_zone } = setup;
  await change(context, async () => {
    const known = await read(context.store, EVENTS, id);
    if (known.value) return { result: undefined };
    const created_at = context.clock.now();
    const common = { event: id, topic: '', archived: false, created_by: '', created_at };
    return {
      command: {
        requires: [at(EVENTS, id, 0)],
        changes: [
          put(EVENTS, id, { title, time_zone, created_at }),
          put(CHANNELS, `${id}-general`, { ...common, title: 'General', visibility: 'public' as const }),
          put(CHANNELS, `${id}-news`, { ...common, title: 'Announcements', visibility: 'announce' as const }),
          put(EVENT_CHANNELS, recordKey(id, `${id}-general`), { joins: true }),
          put(EVENT_CHANNELS, recordKey(id, `${id}-news`), { joins: true }),
        ],
      },
      result: undefined,
    };
  });
  const [someone] = await listPage(context.store, MEMBERS, `${id}/`, { limit: 1 });
  if (someone) return null;
  return mintInvite(context, id, '', { role: 'owner', max_uses: 1, expires_in_s: INVITE_LIFE_S });
}

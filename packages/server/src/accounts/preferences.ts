import { author } from '../sync/authored.ts';
import { change } from './change.ts';
import type { Context } from './context.ts';
import { BLOCKED_BY, BLOCKS, drop, MARK, MUTES, put, recordKey } from './records.ts';
import { Refused } from './refused.ts';

/** Blocks a person: gone both ways. @throws {Refused} `not_found`, or `invalid` for oneself */
export async function block(context: Context, user: string, other: string): Promise<void> {
  if (user === other) throw new Refused('invalid', { detail: 'nobody can block themselves' });
  if (!(await context.directory.user(other))) throw new Refused('not_found');
  await change(context, async () => {
    const said = await author(context, { user, by: user }, [{ on: 'blocked', op: 'add', element: other }]);
    const rows = [put(BLOCKS, recordKey(user, other), MARK), put(BLOCKED_BY, recordKey(other, user), MARK)];
    return {
      command: { ...said, changes: [...rows, ...said.changes] },
      tell: [{ kind: 'changed', what: 'blocks', id: other, user }],
      result: undefined,
    };
  });
}

/** Lifts one's own block; the other's, if there is one, stays. */
export async function unblock(context: Context, user: string, other: string): Promise<void> {
  await change(context, async () => {
    const said = await author(context, { user, by: user }, [{ on: 'blocked', op: 'remove', element: other }]);
    const rows = [drop(BLOCKS, recordKey(user, other)), drop(BLOCKED_BY, recordKey(other, user))];
    return {
      command: { ...said, changes: [...rows, ...said.changes] },
      tell: [{ kind: 'changed', what: 'blocks', id: other, user }],
      result: undefined,
    };
  });
}

/** Mutes a conversation one may read. @throws {Refused} */
export async function mute(context: Context, user: string, log: string): Promise<void> {
  const decision = await context.directory.mayRead(user, log);
  if (decision !== 'ok') throw new Refused(decision);
  await change(context, async () => ({
    command: { changes: [put(MUTES, recordKey(user, log), MARK)] },
    result: undefined,
  }));
}

export async function unmute(context: Context, user: string, log: string): Promise<void> {
  await change(context, async () => ({ command: { changes: [drop(MUTES, recordKey(user, log))] }, result: undefined }));
}

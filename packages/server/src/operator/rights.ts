import { MAIN_EVENT } from '../accounts/bootstrap.ts';
import type { Context } from '../accounts/context.ts';

/** Whether somebody operates the system: an owner of its main event, which in demo mode is the demo's. */
export async function isOperator({ directory, demoEvent }: Context, user: string): Promise<boolean> {
  const standing = await directory.standing(demoEvent ?? MAIN_EVENT, user);
  return standing.kind === 'member' && standing.role === 'owner';
}

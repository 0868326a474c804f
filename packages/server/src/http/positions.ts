import type { KeptPosition } from '@konferenco/core';
import { Refused } from '../accounts/refused.ts';
import type { PositionKeeper } from '../positions/keeper.ts';
import { allowPositions, erasePositions, readPositions, withdrawPositions } from '../positions/own-positions.ts';
import type { Handlers, HttpDeps } from './handler.ts';

const DEFAULT_LIMIT = 200;

/** Where the caller was, for the caller alone: no address here names anybody else. */
export function positionHandlers(
  deps: HttpDeps,
): Handlers<'positions' | 'erasePositions' | 'allowPositions' | 'withdrawPositions'> {
  const { context } = deps;
  const keeper = (): PositionKeeper => {
    if (!deps.positions) throw new Refused('not_found', { detail: 'This server keeps no positions.' });
    return deps.positions;
  };
  return {
    async positions({ identity: { user }, query }) {
      const { from = 0, to = LATEST, after, limit = DEFAULT_LIMIT } = query;
      const cursor = after === undefined ? {} : { after: placeOf(after) };
      const range = { user, from: Math.min(from, LATEST), to: Math.min(to, LATEST), limit, ...cursor };
      const { consent, items, more } = await readPositions(keeper(), range);
      const last = items.at(-1);
      return {
        ...(consent ? { consent } : {}),
        items: [...items],
        ...(more && last ? { next: cursorOf(last) } : {}),
      };
    },
    async erasePositions({ identity: { user } }) {
      await erasePositions(context, keeper(), user);
      return {};
    },
    allowPositions: ({ identity }) => allowPositions(context, keeper(), identity),
    async withdrawPositions({ identity: { user } }) {
      await withdrawPositions(context, keeper(), user);
      return {};
    },
  };
}

/** The end of the year 9999: later times have another form in ISO 8601. */
const LATEST = 253_402_300_799_999;

function cursorOf({ at, id }: Pick<KeptPosition, 'at' | 'id'>): string {
  return `${at}.${id}`;
}

function placeOf(cursor: string): Pick<KeptPosition, 'at' | 'id'> {
  const [, at, id] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(cursor) ?? [];
  if (at === undefined || id === undefined || Number(at) > LATEST) throw new Refused('invalid', { detail: 'after' });
  return { at: Number(at), id };
}

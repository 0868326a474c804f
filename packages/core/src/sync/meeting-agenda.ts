import type { MeetingAgendaChange } from '@konferenco/protocol';
import type { AgendaItem } from './document.ts';
import { compareStamps, own, type Registers, write } from './stamp.ts';

/**
 * Items in the order two people put them (a replicated growable array): each stands behind the one it was put behind,
 * the later of two put at one place first. Removed ones keep their place, for those put behind them.
 */
export interface Agenda {
  /** Item that each was put behind; `null`: at the beginning. */
  readonly places: Registers<string | null>;
  readonly contents: Registers<{ readonly text: string; readonly done: boolean }>;
  readonly removed: Readonly<Record<string, true>>;
}

export const EMPTY_AGENDA: Agenda = { places: {}, contents: {}, removed: {} };

export function applyToAgenda(agenda: Agenda, { change, at, dot }: MeetingAgendaChange): Agenda {
  switch (change.op) {
    case 'insert': {
      const { item, after, text } = change;
      return {
        ...agenda,
        places: write(agenda.places, item, { value: after, at, dot }),
        contents: write(agenda.contents, item, { value: { text, done: false }, at, dot }),
      };
    }
    case 'set': {
      const { item, text, done } = change;
      return { ...agenda, contents: write(agenda.contents, item, { value: { text, done }, at, dot }) };
    }
    case 'remove':
      return { ...agenda, removed: { ...agenda.removed, [change.item]: true } };
  }
}

/** The items that stand, in order. One whose predecessor is not known yet waits for it. */
export function viewAgenda(agenda: Agenda): AgendaItem[] {
  const followers = Map.groupBy(Object.entries(agenda.places), ([, { value }]) => value);
  const items: AgendaItem[] = [];
  const waiting: string[] = [];
  const push = (after: string | null) => {
    const next = [...(followers.get(after) ?? [])].sort(([, a], [, b]) => compareStamps(a, b));
    followers.delete(after);
    for (const [item] of next) waiting.push(item);
  };
  push(null);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const content = own(agenda.contents, id)?.value;
    if (content && !own(agenda.removed, id)) items.push({ id, ...content });
    push(id);
  }
  return items;
}

/** Whether an item was ever put there, and by an operation with this stamp if one is given. */
export function agendaHas(agenda: Agenda, item: string): boolean {
  return own(agenda.places, item) !== undefined;
}

/** Places in use, removed items included. */
export function agendaSize(agenda: Agenda): number {
  return Object.keys(agenda.places).length;
}

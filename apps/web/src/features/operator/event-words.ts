import type { OperatedEvent, OperatedPart } from '@konferenco/client/operator';
import { duration, type Say } from './words.ts';

/** An event in words, and for what lasts or lasted how long. */
export interface EventWords {
  readonly text: string;
  readonly time: string | null;
  /** Whether somebody has to look: it lasts, or it is damage. */
  readonly needsYou: boolean;
}

/** @param who name of a person by id; @param now Unix ms, by the clock of the node that noted it */
export function eventWords(
  event: OperatedEvent,
  { say, who, now }: { readonly say: Say; readonly who: (id: string) => string; readonly now: number },
): EventWords {
  const { at, until } = event;
  const time =
    until === null
      ? say('event.lasts', { time: duration(now - at) })
      : until !== undefined && until > at
        ? say('event.lasted', { time: duration(until - at) })
        : null;
  return {
    text: textOf(event, say, who),
    time,
    needsYou: until === null || event.what === 'damage' || event.what === 'node_namesake',
  };
}

function textOf(event: OperatedEvent, say: Say, who: (id: string) => string): string {
  const { what, subject, count = 0, by = '' } = event;
  switch (what) {
    case 'part_away': {
      const part = say(`part.${subject as OperatedPart['name']}`);
      const rung = say(`rung.${event.rung ?? 'nothing_stored'}`);
      return say(event.until === null ? 'event.part_away.now' : 'event.part_away', { part, rung });
    }
    case 'damage':
      return say('event.damage', { place: subject });
    case 'holes_repaired':
    case 'slow_resyncs':
      return say(`event.${what}`, { count });
    case 'drain_asked':
    case 'open_asked':
      return say(`event.${what}`, { who: who(by), node: subject });
    default:
      return say(`event.${what}`, { node: subject });
  }
}

import { type RGAOutcome, RGASequence, type RGAState, type Stamp } from '@konferenco/crdt';
import type { MeetingAgendaChange } from '@konferenco/protocol';
import type { AgendaItem } from './document.ts';
import { stampOf } from './stamp.ts';

interface Content {
  readonly text: string;
  readonly done: boolean;
}

/** Items in the order two people put them: a replicated growable array. */
export type Agenda = RGAState<Content>;

export const EMPTY_AGENDA: Agenda = new RGASequence<Content>().state();

/** The agenda after a change, and what the change met: `held` waits for the item it refers to, `known` changes nothing. */
export function applyToAgenda(
  agenda: Agenda,
  { change, ...said }: MeetingAgendaChange,
): { readonly agenda: Agenda; readonly outcome: RGAOutcome } {
  const sequence = RGASequence.from<Content>(agenda);
  const outcome = applyChange(sequence, change, said);
  return { agenda: outcome === 'known' ? agenda : sequence.state(), outcome };
}

/** The items, in order. */
export function viewAgenda(agenda: Agenda): AgendaItem[] {
  const sequence = RGASequence.from<Content>(agenda);
  return sequence.ids().flatMap((id) => {
    const content = sequence.get(id);
    return content ? [{ id, ...content }] : [];
  });
}

/** When an item's text was written; `null` when it is not on the agenda. */
export function itemWritten(agenda: Agenda, item: string): Stamp | null {
  return RGASequence.from<Content>(agenda).written(item);
}

function applyChange(
  sequence: RGASequence<Content>,
  change: MeetingAgendaChange['change'],
  said: { readonly dot: string; readonly at: number },
): RGAOutcome {
  switch (change.op) {
    case 'insert': {
      const { item: id, after, text } = change;
      return sequence.apply({
        op: 'insert',
        id,
        position: { after },
        content: { text, done: false },
        ...stampOf(said),
      });
    }
    case 'set': {
      const { item: id, text, done } = change;
      return sequence.apply({ op: 'set', id, content: { text, done }, ...stampOf(said) });
    }
    case 'remove':
      return sequence.apply({ op: 'remove', id: change.item });
  }
}

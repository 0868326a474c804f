import type { Envelope, StateOperation } from '@konferenco/protocol';
import type { Effect } from './history.ts';

/** What an envelope does to replicated state, of what people do in a run; `null`: nothing. */
export function effectOf({ type, subtype, to, payload }: Envelope): Effect | null {
  if (type === 'state' && subtype === 'operation') return effectOfState(payload as StateOperation);
  if (type !== 'meeting') return null;
  const { meeting } = payload as { meeting: string };
  if (subtype === 'request') return { kind: 'request', meeting, with: to.id };
  return subtype === 'accept' ? { kind: 'accept', meeting } : null;
}

function effectOfState(operation: StateOperation): Effect | null {
  switch (operation.on) {
    case 'favourites':
    case 'attending': {
      const { on: set, element } = operation;
      return operation.op === 'add'
        ? { kind: 'add', set, element, dot: operation.dot }
        : { kind: 'remove', set, element, tags: operation.tags };
    }
    case 'profile':
      return operation.op === 'set' && operation.field === 'about'
        ? { kind: 'write', value: String(operation.value), stamp: operation.at }
        : null;
    default:
      return null;
  }
}

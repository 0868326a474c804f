import { documentsOf } from '@konferenco/core/sync/documents';
import type { Envelope } from '@konferenco/protocol';
import type { Pending, PendingList } from './pending.ts';
import type { WaitingOperation } from './types.ts';

/**
 * Own operations of one scope that wait to be sent. What came after an operation on its document was made with it in sight
 * and builds on it, so only the newest can be taken out alone; of minutes none, as each holds what was typed since the one
 * before.
 */
export function waitingOperations(pending: PendingList): readonly WaitingOperation[] {
  return pending
    .map(({ envelope, stored }, index): WaitingOperation & Pick<Pending, 'stored'> => {
      const document = documentOf(envelope);
      const isLast = pending.slice(index + 1).every(({ envelope: later }) => !buildsOn(documentOf(later), document));
      return { id: envelope.id, document, discardable: isLast && !document.startsWith('notes/'), stored };
    })
    .flatMap(({ stored, ...operation }) => (stored ? [] : [operation]));
}

function documentOf(envelope: Envelope): string {
  return documentsOf(envelope)[0]?.key ?? '';
}

/** Without its meeting there are no minutes. */
function buildsOn(later: string, earlier: string): boolean {
  return later === earlier || later.replace(/^notes\//, 'meeting/') === earlier;
}

import type { Envelope } from '@konferenco/protocol';
import { answerSync } from '../sync/answer.ts';
import { freeTimes } from '../sync/free-times.ts';
import type { Handlers, HttpDeps } from './handler.ts';

/** Of envelopes or documents in one answer: the socket's frames are smaller. */
const MAX_BYTES = 1_048_576;

/** Replicated state for those who cannot hold a socket open, and times to meet. */
export function syncHandlers({ context, onSync }: HttpDeps): Handlers<'sync' | 'freeTimes'> {
  return {
    async sync({ identity, body }) {
      const { operations, snapshot, ...answer } = await answerSync(context, identity.user, body, MAX_BYTES);
      onSync?.({ trigger: body.trigger ?? 'none', form: snapshot ? 'snapshot' : 'delta' });
      return {
        ...answer,
        ...(snapshot ? { snapshot: { ...snapshot, documents: [...snapshot.documents] } } : {}),
        ...(operations
          ? {
              operations: operations.map(({ offset, at, envelope }) => ({
                offset,
                at,
                // Stored verbatim from an envelope that was validated.
                envelope: JSON.parse(envelope) as Envelope,
              })),
            }
          : {}),
      };
    },

    freeTimes: async ({ identity, query }) => ({ slots: await freeTimes(context, identity.user, query) }),
  };
}

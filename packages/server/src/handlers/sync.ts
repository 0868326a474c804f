import type { ClientFrameOf } from '@konferenco/protocol';
import { Refused } from '../accounts/refused.ts';
import type { Connection } from '../gateway/connection.ts';
import { refuse, reply } from '../gateway/outgoing.ts';
import { answerSync, type SyncAnswer, syncJson } from '../sync/answer.ts';
import type { Services } from './services.ts';

/** Of envelopes or documents in one answer: leaves room for what stands around them within a frame. */
const FRAME_BYTES = 48 * 1024;

/** Replicated state since a version. One at a time for each connection: a slow reader waits for itself alone. */
export async function handleSync(
  services: Services,
  connection: Connection,
  frame: ClientFrameOf<'sync'>,
): Promise<void> {
  const { ref, trigger = 'none' } = frame;
  const { accounts, metrics, sendBuffer, onFault } = services;
  let answer: SyncAnswer;
  try {
    await services.syncRate?.take(connection.user);
    answer = await answerSync(accounts, connection.user, frame, FRAME_BYTES);
  } catch (error) {
    const refused = error instanceof Refused ? error : null;
    if (!refused) onFault(error);
    const name = refused?.error ?? 'store_unavailable';
    metrics.refusals.inc({ error: name });
    return refuse(connection, {
      ref,
      error: name,
      detail: refused?.message,
      retry_after_ms: refused?.retry_after_ms,
    });
  }
  metrics.syncs.inc({ trigger, form: answer.snapshot ? 'snapshot' : 'delta' });
  if (!reply(connection, ref, syncJson(answer), sendBuffer)) connection.socket.close(4001, 'too many replies wait');
}

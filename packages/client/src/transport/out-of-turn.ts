import { type ClientFrame, ERROR_CODES, isSentAgain, type ServerFrame } from '@konferenco/protocol';

interface Sorted {
  /** Frames that may go up. */
  readonly waiting: readonly string[];
  /** What the others are answered. */
  readonly answers: readonly string[];
}

/**
 * Takes out of `waiting` the messages that would overtake one of `sent` which these answers refuse for now. Each request may
 * reach another node, which knows nothing of the refusals before: here it is the client that keeps the order (DL-24).
 */
export function outOfTurn(waiting: readonly string[], sent: readonly string[], heard: readonly string[]): Sorted {
  const refusedRefs = new Set<number | undefined>();
  for (const text of heard) {
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === 'error' && isSentAgain(frame.code)) refusedRefs.add(frame.ref);
  }
  const refused = new Set<string | undefined>();
  for (const text of refusedRefs.size > 0 ? sent : []) {
    const frame = JSON.parse(text) as ClientFrame;
    if (frame.type === 'publish' && refusedRefs.has(frame.ref)) refused.add(frame.envelope.id);
  }
  if (refused.size === 0) return { waiting, answers: [] };
  const answers: string[] = [];
  const kept = waiting.filter((text) => {
    const frame = JSON.parse(text) as ClientFrame;
    if (frame.type !== 'publish' || frame.after === undefined || !refused.has(frame.after)) return true;
    refused.add(frame.envelope.id);
    const { code, text: message } = ERROR_CODES.out_of_turn;
    answers.push(JSON.stringify({ type: 'error', ref: frame.ref, code, error: 'out_of_turn', message }));
    return false;
  });
  return { waiting: kept, answers };
}

/** Whether one of the messages in `sent` has no answer among these: the server stopped waiting for it, and may yet store it. */
export function leavesOpen(sent: readonly string[], heard: readonly string[]): boolean {
  const answered = new Set(heard.map((text) => (JSON.parse(text) as ServerFrame & { readonly ref?: number }).ref));
  return sent.some((text) => {
    const frame = JSON.parse(text) as ClientFrame;
    return frame.type === 'publish' && !answered.has(frame.ref);
  });
}

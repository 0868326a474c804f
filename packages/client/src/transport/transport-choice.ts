/** Ways to the server, best first. */
export type TransportName = 'websocket' | 'sse' | 'poll';

/**
 * What a failed beginning says about the transport. `blocked`: the server is there but this way to it is not;
 * `unreachable`: nothing is; `refused`: the server itself said no; `unknown`: a WebSocket never says why.
 */
export type Failure = 'blocked' | 'unreachable' | 'refused' | 'unknown';

/** Pauses between two looks whether a better transport works now. */
export const PROBE_FIRST_MS = 5_000;
export const PROBE_MOST_MS = 300_000;

/** WebSockets that must fail in a row before another way is tried; one where they failed before. */
const STRIKES = 2;

/** Which transport is tried next, and what was learnt so far. */
export interface Choice {
  readonly kind: TransportName;
  readonly strikes: number;
  /** Pause before the next look for a better one, before jitter. */
  readonly probe_ms: number;
  /** WebSockets did not work here before. */
  readonly suspicious: boolean;
}

export const FIRST_CHOICE: Choice = { kind: 'websocket', strikes: 0, probe_ms: PROBE_FIRST_MS, suspicious: false };

export type ChoiceInput =
  /** It did not get as far as the reply to hello. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'worked' }
  /** Looked for something better, and found it or not. */
  | { readonly kind: 'probed'; readonly better: TransportName | null }
  /** The device came to a network, perhaps another one. */
  | { readonly kind: 'network' };

/**
 * The next choice. A step down is taken only on evidence that the way, not the server, is at fault: a fallback that finds
 * the server gone or refusing goes back to WebSockets, so that a restart does not leave everybody on a worse transport.
 */
export function choose(choice: Choice, input: ChoiceInput): Choice {
  switch (input.kind) {
    case 'failed':
      return afterFailure(choice, input.failure);
    case 'worked':
      return choice.kind === 'websocket' ? FIRST_CHOICE : { ...choice, strikes: 0, suspicious: true };
    case 'probed':
      return input.better === null
        ? { ...choice, probe_ms: Math.min(choice.probe_ms * 2, PROBE_MOST_MS) }
        : { ...choice, kind: input.better, strikes: 0 };
    case 'network':
      return { ...FIRST_CHOICE, suspicious: choice.suspicious };
  }
}

function afterFailure(choice: Choice, failure: Failure): Choice {
  if (choice.kind === 'websocket') {
    // Whoever refused was reached.
    if (failure === 'refused') return choice;
    const strikes = choice.strikes + (failure === 'blocked' ? STRIKES : 1);
    return strikes >= (choice.suspicious ? 1 : STRIKES)
      ? { ...choice, kind: 'sse', strikes: 0 }
      : { ...choice, strikes };
  }
  const next = choice.kind === 'sse' && failure === 'blocked' ? 'poll' : 'websocket';
  return { ...choice, kind: next, strikes: 0 };
}

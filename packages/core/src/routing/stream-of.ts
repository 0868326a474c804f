import type { MessageType } from '@konferenco/protocol';
import type { StreamName } from '../ports/streams.ts';

/** Which stream feeds the consumers of a type. `null`: never stored, so never fed. The reasons stand in ADR 14. */
const STREAM_OF = {
  chat: 'CHAT',
  alert: 'CHAT',
  location: 'PRESENCE',
  schedule: 'SCHEDULE',
  meeting: 'SCHEDULE',
  state: 'SCHEDULE',
  marketplace: 'MARKETPLACE',
  signal: null,
} as const satisfies Record<MessageType, StreamName | null>;

const STREAMS: ReadonlyMap<string, StreamName | null> = new Map(Object.entries(STREAM_OF));

/** The stream of a stored message's type; `null` for a type that has none, or that a newer version wrote. */
export function streamOf(type: string): StreamName | null {
  return STREAMS.get(type) ?? null;
}

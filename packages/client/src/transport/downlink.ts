import type { ServerFrame, StreamRequest } from '@konferenco/protocol';
import type { Environment } from '../types.ts';
import type { Ending } from './ending.ts';
import type { StreamEvent } from './event-parser.ts';

/** The way down: brings what the server sends for the session as it is wanted now. */
export interface Downlink {
  /** What is wanted has changed. The first call begins. */
  changed(): void;
  close(): void;
}

/** What a way down works with. */
export interface DownlinkHost {
  readonly environment: Pick<Environment, 'now' | 'after' | 'random' | 'randomBytes'>;
  /** What is wanted now. */
  readonly request: () => StreamRequest;
  /** Rejects when the server cannot be reached. */
  readonly post: (path: '/api/stream' | '/api/poll', body: object, signal: AbortSignal) => Promise<Response>;
  /** A frame came. */
  readonly hear: (frame: ServerFrame, text: string) => void;
  readonly ended: (ending: Ending) => void;
}

/**
 * Hands an event to whom it concerns.
 *
 * @returns the frame it brought; `null` when it ended the session.
 */
export function deliver({ event, data }: StreamEvent, host: DownlinkHost): ServerFrame | null {
  if (event === 'close') {
    const { code, reason } = JSON.parse(data) as { code: number; reason: string };
    host.ended({ code, reason, failure: 'refused' });
    return null;
  }
  const frame = JSON.parse(data) as ServerFrame;
  host.hear(frame, data);
  return frame;
}

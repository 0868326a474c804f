import Type, { type Static } from 'typebox';
import { LIMITS } from '../limits.ts';
import { Hello, Subscribe, Watch } from './client-frame.ts';
import { Id, UnixMs } from './envelope.ts';

/**
 * Bodies of the fallback transports (P2). They carry the frames of the WebSocket protocol and nothing else; the answers
 * are server frames, one an event of a `text/event-stream`.
 */

/**
 * `POST /api/stream`: everything the live part of a session is made of, so that any node can begin it. Positions
 * (`hello.inbox`, `subscribe.after`) say what the client has; what is missing since is sent.
 */
export const StreamRequest = Type.Object({
  hello: Hello,
  subscribe: Type.Optional(Subscribe),
  watch: Type.Optional(Watch),
});
export type StreamRequest = Static<typeof StreamRequest>;

/** `POST /api/poll`: the same for one round. */
export const PollRequest = Type.Object({
  session: Type.String({
    minLength: 16,
    maxLength: 64,
    description: 'Chosen at random by the client: under it a node keeps what comes between two rounds.',
  }),
  ...StreamRequest.properties,
});
export type PollRequest = Static<typeof PollRequest>;

/** `POST /api/frames`: requests that need no connection; their answers come in the response. */
export const FramesRequest = Type.Object({
  /** Each is checked on its own, so that a bad one spoils no other. */
  frames: Type.Array(Type.Object({ type: Type.String({ maxLength: 32 }) }), {
    minItems: 1,
    maxItems: LIMITS.frames_at_once,
  }),
  device_id: Type.Optional(Id),
  /** Server time of the session's hello: what is older was written offline. */
  since: Type.Optional(UnixMs),
});
export type FramesRequest = Static<typeof FramesRequest>;

import Type, { type Static, type TSchema } from 'typebox';
import { UnixMs } from './envelope.ts';
import type { Route } from './route.ts';

/** What the operator of a system sees of it. Nothing here is of the wire between clients and nodes. */

const Count = Type.Integer({ minimum: 0 });
const Share = Type.Number({ minimum: 0, description: '0 to 1.' });
const literals = <const Names extends readonly string[]>(names: Names) =>
  Type.Unsafe<Names[number]>(Type.Union(names.map((name) => Type.Literal(name))));
const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const OperatedNode = Type.Object({
  name: Type.String(),
  url: orNull(
    Type.String({ description: 'Where clients reach this very node; null: through the common address only.' }),
  ),
  version: Type.String(),
  standing: literals(['open', 'draining', 'suspected']),
  started_at: UnixMs,
  heard_at: Type.Integer({ description: 'Unix ms at which the answering node last heard of it.' }),
  connections: Count,
  max_connections: Count,
  users: Count,
  cpu: Share,
  memory: Share,
  memory_bytes: Count,
  p99_ms: orNull(
    Type.Number({ description: "Reading to acknowledgement, of the last minute's; null: there were none." }),
  ),
  publish_per_s: Type.Number(),
  deliver_per_s: Type.Number(),
  commit_queue: Count,
  drops: Type.Integer({ description: 'Of the last minute, as are faults.' }),
  faults: Count,
  drain: Type.Optional(
    Type.Object({
      reason: Type.String(),
      began_at: UnixMs,
      ends_by: UnixMs,
      connections: Count,
      asked: Count,
      left: Count,
      phase: literals(['moving', 'done']),
    }),
  ),
});
export type OperatedNode = Static<typeof OperatedNode>;

export const OperatedPart = Type.Object({
  name: literals(['sqlite', 'memory', 'postgres', 'nats', 'redis', 's3', 'uplink']),
  state: literals(['working', 'away']),
  detail: Type.String({ description: 'Warnings, damage and round trips, in words.' }),
});
export type OperatedPart = Static<typeof OperatedPart>;

/** `none`: this system has no streams. `away`: it has, and they cannot be asked now. */
export const OperatedStreams = Type.Union([
  Type.Object({ state: Type.Literal('none') }),
  Type.Object({ state: Type.Literal('away') }),
  Type.Object({
    state: Type.Literal('working'),
    relay_lag_ms: orNull(Count),
    streams: Type.Array(
      Type.Object({
        name: Type.String(),
        messages: Count,
        bytes: Count,
        consumers: Type.Array(
          Type.Object({ name: Type.String(), pending: Count, unacknowledged: Count, redelivered: Count }),
        ),
      }),
    ),
    dead: Type.Array(
      Type.Object({ group: Type.String(), stream: Type.String(), sequence: Count, reason: Type.String(), at: UnixMs }),
      { description: 'What consumers gave up, newest first, at most 20.' },
    ),
  }),
]);
export type OperatedStreams = Static<typeof OperatedStreams>;

/** Every 5 s: of the answering node, and summed over the nodes it knew of. Rates are a second. */
export const OperatedSample = Type.Object({
  at: UnixMs,
  connections: Count,
  publish_per_s: Type.Number(),
  deliver_per_s: Type.Number(),
  p99_ms: orNull(Type.Number()),
  cpu: Share,
  memory: Share,
  commit_queue: Count,
  all: Type.Object({
    nodes: Count,
    connections: Count,
    publish_per_s: Type.Number(),
    deliver_per_s: Type.Number(),
  }),
});
export type OperatedSample = Static<typeof OperatedSample>;

/** What is in force while a part is away, from mild to severe: docs/spec/cluster.md. */
export const OperatedRung = literals(['each_for_itself', 'no_files', 'nodes_apart', 'venue_apart', 'nothing_stored']);
export type OperatedRung = Static<typeof OperatedRung>;

export const OPERATED_EVENTS = [
  'node_joined',
  'node_returned',
  'node_restarted',
  'node_suspected',
  'node_gone',
  'node_left',
  'node_draining',
  'node_opened',
  'node_namesake',
  'node_unwanted',
  'part_away',
  'damage',
  'holes_repaired',
  'slow_resyncs',
  'relay_lead',
  'relay_yield',
  'drain_asked',
  'open_asked',
] as const;

/** Something that happened, as the answering node noted it. */
export const OperatedEvent = Type.Object({
  id: Count,
  at: UnixMs,
  until: Type.Optional(
    orNull(Type.Integer({ description: 'Unix ms at which it ended, or was last seen; null: it lasts.' })),
  ),
  what: literals(OPERATED_EVENTS),
  subject: Type.String({ description: 'The node or part; for damage the place.' }),
  by: Type.Optional(Type.String({ description: 'Id of the operator who asked for it.' })),
  count: Type.Optional(Count),
  rung: Type.Optional(OperatedRung),
});
export type OperatedEvent = Static<typeof OperatedEvent>;

const Counts = Type.Array(Type.Object({ reason: Type.String(), count: Count }));

export const OperatorView = Type.Object({
  node: Type.String({ description: 'The node that answers.' }),
  at: UnixMs,
  nodes: Type.Array(OperatedNode),
  parts: Type.Array(OperatedPart),
  streams: OperatedStreams,
  own: Type.Object({
    over_ms: Type.Integer({ description: 'Time that drops, refusals and steps are of, ms; shorter after a start.' }),
    steps: Type.Array(
      Type.Object({ step: Type.String(), count: Count, p50_ms: Type.Number(), p99_ms: Type.Number() }),
      { description: "Steps of a message's life that happened, in their order." },
    ),
    drops: Counts,
    refusals: Counts,
    commit_queue: Count,
    index_lag: orNull(Type.Integer({ description: 'null: the store has none, as is wal_bytes.' })),
    wal_bytes: orNull(Count),
  }),
  samples: Type.Array(OperatedSample, { description: 'Those after `after`, oldest first; at most 15 minutes.' }),
  revision: Type.Integer({ description: 'Of the events.' }),
  events: orNull(Type.Array(OperatedEvent, { description: 'Newest first; null: `revision` is the one given.' })),
});
export type OperatorView = Static<typeof OperatorView>;

export const OperatedMessages = Type.Object({
  bucket_ms: Type.Integer(),
  counts: orNull(
    Type.Array(Type.Object({ from: UnixMs, type: Type.String(), messages: Count }), {
      description: 'Oldest first, over all events; null: nobody counts in this system.',
    }),
  ),
});
export type OperatedMessages = Static<typeof OperatedMessages>;

const Asked = Type.Object({ asked: Type.Literal(true) });

export const OPERATOR_ROUTES = {
  operator: {
    method: 'GET',
    path: '/api/operator',
    auth: 'operator',
    summary: 'The system as the answering node sees it now, and what it noted lately. Meant to be asked every second.',
    query: Type.Object({
      after: Type.Optional(Type.Integer({ description: 'Unix ms of the last sample that is known.' })),
      revision: Type.Optional(Type.Integer({ description: 'Of the events that are known.' })),
    }),
    response: OperatorView,
  },
  operatorMessages: {
    method: 'GET',
    path: '/api/operator/messages',
    auth: 'operator',
    summary: 'How many messages there were in the last hours, by type.',
    query: Type.Object({ hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 24 })) }),
    response: OperatedMessages,
  },
  drainNode: {
    method: 'POST',
    path: '/api/operator/nodes/{node}/drain',
    auth: 'operator',
    summary: 'Ask a node to send its people elsewhere and take nobody. Its reports say whether it does.',
    response: Asked,
  },
  openNode: {
    method: 'POST',
    path: '/api/operator/nodes/{node}/open',
    auth: 'operator',
    summary: 'Ask a node that drains, or has drained, to take people again.',
    response: Asked,
  },
} as const satisfies Record<string, Route>;

/** Routes of operators; their part of the client knows their addresses. */
export type OperatorRouteName = keyof typeof OPERATOR_ROUTES;

import { SUBPROTOCOL } from '../../packages/protocol/src/index.ts';
import {
  CLIENT_FRAMES,
  PAYLOADS,
  REPLIES,
  SERVER_FRAMES,
  SHORT_FRAMES,
  ShortMessage,
} from '../../packages/protocol/src/schema/index.ts';
import { type Json, type JsonObject, plainSchema } from './json-schema.ts';

interface Described {
  readonly name: string;
  readonly schema: unknown;
}

const named = (schemas: Readonly<Record<string, unknown>>, prefix: string): Described[] =>
  Object.entries(schemas).map(([name, schema]) => ({ name: `${prefix}.${name}`, schema }));

/** The socket protocol as AsyncAPI 3.0, seen from the client: it sends client frames and receives server frames. */
export function asyncApi(version: string, docs: ReadonlyMap<string, string>): JsonObject {
  const sent = named(CLIENT_FRAMES, 'client');
  const received = named(SERVER_FRAMES, 'server');
  const replies = named(REPLIES, 'reply');
  const shortSent = named(SHORT_FRAMES, 'short');
  const shortReceived: Described[] = [{ name: 'short.message', schema: ShortMessage }];
  const all = [...sent, ...received, ...shortSent, ...shortReceived];
  const payloads = Object.entries(PAYLOADS).map(([name, schema]): [string, Json] => [
    `payload.${name.replace('/', '.')}`,
    plainSchema(schema),
  ]);
  const replySchemas = replies.map(({ name, schema }): [string, Json] => [name, plainSchema(schema)]);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Konferenco socket protocol',
      version,
      license: { name: 'Apache-2.0' },
      description:
        'Frames of the WebSocket subprotocol. `data` of a reply has the schema reply.X, where X is the type of the frame it answers. ' +
        'Payloads of envelopes have the schema payload.TYPE.SUBTYPE; types without one carry any object within their size.',
    },
    servers: { node: { host: 'localhost:8080', protocol: 'ws', pathname: '/ws' } },
    channels: {
      socket: { address: '/ws', title: `Subprotocol ${SUBPROTOCOL}`, messages: references([...sent, ...received]) },
      short: {
        address: '/ws',
        title: 'Short mode: no subprotocol offered and ?token given',
        messages: references([...shortSent, ...shortReceived]),
      },
    },
    operations: {
      send: operation('send', 'socket', sent),
      receive: operation('receive', 'socket', received),
      sendShort: operation('send', 'short', shortSent),
      receiveShort: operation('receive', 'short', shortReceived),
    },
    components: {
      messages: Object.fromEntries(all.map((entry) => [entry.name, message(entry, docs)])),
      schemas: Object.fromEntries([...replySchemas, ...payloads]),
    },
  };
}

function message({ name, schema }: Described, docs: ReadonlyMap<string, string>): Json {
  const summary = docs.get(name);
  return { name, contentType: 'application/json', ...(summary ? { summary } : {}), payload: plainSchema(schema) };
}

function references(messages: readonly Described[]): JsonObject {
  return Object.fromEntries(messages.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }]));
}

function operation(action: 'send' | 'receive', channel: string, messages: readonly Described[]): Json {
  return {
    action,
    channel: { $ref: `#/channels/${channel}` },
    messages: messages.map(({ name }) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
  };
}

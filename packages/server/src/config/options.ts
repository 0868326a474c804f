import { FILE_OPTIONS } from './file-options.ts';
import type { Option } from './option.ts';
import { TLS_OPTIONS } from './tls-options.ts';
import { UPLINK_OPTIONS } from './uplink-options.ts';

export type { Option } from './option.ts';

export const OPTIONS = {
  port: {
    type: 'integer',
    default: 8080,
    min: 0,
    max: 65_535,
    env: 'PORT',
    flag: '--port',
    description: 'Port for page, REST and socket. 0 takes a free one.',
  },
  host: {
    type: 'text',
    default: '127.0.0.1',
    env: 'KONFERENCO_HOST',
    flag: '--host',
    description: 'Address to listen on. Anything but loopback turns demo sign-in off.',
  },
  sharePort: {
    type: 'choice',
    default: 'no',
    choices: ['no', 'yes'],
    env: 'KONFERENCO_SHARE_PORT',
    flag: '--share-port',
    description:
      'yes: several processes on this machine listen on one port, and the kernel spreads connections over them (Linux only). They must be nodes of one cluster.',
  },
  data: {
    type: 'text',
    default: 'data',
    env: 'KONFERENCO_DATA',
    flag: '--data',
    description: 'Folder for everything that is kept: messages, accounts, keys.',
  },
  storage: {
    type: 'choice',
    default: 'disk',
    choices: ['disk', 'memory'],
    env: 'KONFERENCO_STORAGE',
    flag: '--storage',
    description: 'disk keeps; memory forgets at the end of the process and is meant for tests.',
  },
  postgresUrl: {
    type: 'text',
    default: '',
    secret: true,
    pattern: /^postgres(ql)?:\/\/\S+$/,
    env: 'KONFERENCO_POSTGRES_URL',
    flag: '--postgres-url',
    description:
      'PostgreSQL (15 or newer) that keeps everything, instead of the data folder: postgres://user:password@host:5432/database. Several nodes share one. Of several servers, host:5432,host:5432, the one that takes writes is used.',
  },
  natsUrl: {
    type: 'text',
    default: '',
    secret: true,
    pattern: /^(nats|tls):\/\/\S+$/,
    env: 'KONFERENCO_NATS_URL',
    flag: '--nats-url',
    description:
      'NATS servers (with JetStream) that join the nodes of a cluster, comma-separated: nats://user:password@host:4222. Needs PostgreSQL.',
  },
  redisUrl: {
    type: 'text',
    default: '',
    secret: true,
    pattern: /^rediss?(\+(sentinel|cluster))?:\/\/\S+$/,
    env: 'KONFERENCO_REDIS_URL',
    flag: '--redis-url',
    description:
      'Redis (7 or newer) where nodes share presence and rates: redis://user:password@host:6379, redis+cluster://user:password@host:6379,host:6379 or redis+sentinel://user:password@host:26379/master. Needs NATS.',
  },
  ...TLS_OPTIONS,
  restored: {
    type: 'choice',
    default: 'no',
    choices: ['no', 'yes'],
    env: 'KONFERENCO_RESTORED',
    flag: '--restored',
    description:
      'yes: the data folder was put back from a backup since the last start. Clients then fetch everything again and offer what they sent in the last day. For that one start only.',
  },
  demo: {
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'off'],
    env: 'KONFERENCO_DEMO',
    flag: '--demo',
    description: 'auto: on loopback a name is enough to sign in, and a demo event is there. off: invitations only.',
  },
  publicUrl: {
    type: 'text',
    default: '',
    pattern: /^https?:\/\/[^/\s]+$/,
    env: 'KONFERENCO_PUBLIC_URL',
    flag: '--public-url',
    description: 'Address people use, such as https://talk.example.org. Setting it turns demo sign-in off.',
  },
  trustedProxies: {
    type: 'text',
    default: '',
    pattern: /^[0-9a-fA-F.:]+(\/\d{1,3})?(,[0-9a-fA-F.:]+(\/\d{1,3})?)*$/,
    env: 'KONFERENCO_TRUSTED_PROXIES',
    flag: '--trusted-proxies',
    description:
      'Addresses or networks (10.0.0.0/8), comma-separated, of proxies that are believed whom they forward for. With a public URL, proxies on this machine always are.',
  },
  streamReplicas: {
    type: 'choice',
    default: '1',
    choices: ['1', '3'],
    env: 'KONFERENCO_STREAM_REPLICAS',
    flag: '--stream-replicas',
    description: 'NATS servers that keep each stream: 3 where there are three.',
  },
  nodeName: {
    type: 'text',
    default: '',
    pattern: /^[A-Za-z0-9_-]{1,64}$/,
    env: 'KONFERENCO_NODE',
    flag: '--node',
    description: 'Name of this node, different from every other in its cluster. Empty: made of host name and process.',
  },
  nodeUrl: {
    type: 'text',
    default: '',
    pattern: /^https?:\/\/[A-Za-z0-9.[\]:-]{1,255}$/,
    env: 'KONFERENCO_NODE_URL',
    flag: '--node-url',
    description:
      'Address at which clients reach this very node, such as https://node-3.talk.example.org. Empty: they come through the common address, and a proxy there may route by the cookie konferenco_ws_node.',
  },
  eventTitle: {
    type: 'text',
    default: 'My event',
    env: 'KONFERENCO_EVENT_TITLE',
    flag: '--event-title',
    description: 'Title of the event made at the first start without demo sign-in.',
  },
  eventTimeZone: {
    type: 'text',
    default: '',
    pattern: /^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)*$/,
    env: 'KONFERENCO_EVENT_TIME_ZONE',
    flag: '--event-time-zone',
    description: "IANA time zone of that event's venue, such as Pacific/Auckland. Empty: this machine's.",
  },
  rateLimits: {
    type: 'choice',
    default: 'on',
    choices: ['on', 'off'],
    env: 'KONFERENCO_RATE_LIMITS',
    flag: '--rate-limits',
    description: "off lifts the senders' and frame rates, for load tests on loopback only.",
  },
  connectRate: {
    type: 'integer',
    default: 2000,
    min: 1,
    max: 1_000_000,
    unit: 'connections/s',
    env: 'KONFERENCO_CONNECT_RATE',
    flag: '--connect-rate',
    description: 'New connections accepted a second; beyond it clients are told when to come back (429).',
  },
  connectBurst: {
    type: 'integer',
    default: 5000,
    min: 1,
    max: 1_000_000,
    unit: 'connections',
    env: 'KONFERENCO_CONNECT_BURST',
    flag: '--connect-burst',
    description: 'New connections accepted at once after a quiet time.',
  },
  maxConnections: {
    type: 'integer',
    default: 19_000,
    min: 1,
    max: 1_000_000,
    unit: 'connections',
    env: 'KONFERENCO_MAX_CONNECTIONS',
    flag: '--max-connections',
    description: 'Sockets held at once. Each needs a file descriptor: see ulimit -n.',
  },
  sendBuffer: {
    type: 'integer',
    default: 262_144,
    min: 65_536,
    max: 16_777_216,
    unit: 'bytes',
    env: 'KONFERENCO_SEND_BUFFER',
    flag: '--send-buffer',
    description: 'What may wait for a slow connection before it is told to fetch from the log instead.',
  },
  digestRate: {
    type: 'integer',
    default: 100,
    min: 1,
    max: 10_000_000,
    unit: 'messages/s',
    env: 'KONFERENCO_DIGEST_RATE',
    flag: '--digest-rate',
    description: 'Live messages a second sent of one channel; above it the newest are sent and the others named.',
  },
  origins: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_ORIGINS',
    flag: '--origins',
    description: 'Comma-separated web origins, beside its own, that may open sockets and call REST.',
  },
  metricsToken: {
    type: 'text',
    default: '',
    secret: true,
    env: 'KONFERENCO_METRICS_TOKEN',
    flag: '--metrics-token',
    description: 'Bearer token for /metrics. Without one, only loopback may read it.',
  },
  ...UPLINK_OPTIONS,
  ...FILE_OPTIONS,
  logLevel: {
    type: 'choice',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    env: 'KONFERENCO_LOG_LEVEL',
    flag: '--log-level',
    description: 'Least severe log lines to write, as JSON on standard error.',
  },
} as const satisfies Record<string, Option>;

type ValueOf<O extends Option> = O extends { type: 'integer' }
  ? number
  : O extends { type: 'choice'; choices: readonly (infer C)[] }
    ? C
    : string;

/** The validated configuration; frozen and passed down. */
export type Config = { readonly [K in keyof typeof OPTIONS]: ValueOf<(typeof OPTIONS)[K]> };

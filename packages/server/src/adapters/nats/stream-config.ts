import type { StreamName } from '@konferenco/core';
import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { NatsStartError } from './errors.ts';
import { subjectToken } from './subjects.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** For how long NATS itself recognises a message it has; beyond it the relay looks at the end of the stream. */
const DUPLICATES_MS = 120_000;

/** How long consumers may be away before they miss messages. Longer than a weekend's outage of a consumer; a position is stale at once. */
const MAX_AGE_MS: Readonly<Record<StreamName | 'DEAD', number>> = {
  CHAT: 7 * DAY_MS,
  PRESENCE: HOUR_MS,
  SCHEDULE: 14 * DAY_MS,
  MARKETPLACE: 14 * DAY_MS,
  DEAD: 30 * DAY_MS,
};

export const STREAM_NAMES: readonly StreamName[] = ['CHAT', 'PRESENCE', 'SCHEDULE', 'MARKETPLACE'];

/** Names and subjects of the streams of one system. */
export interface StreamNaming {
  /** Root of all subjects. */
  readonly root: string;
  /** Name of a stream in NATS. */
  readonly name: (stream: StreamName | 'DEAD') => string;
}

/** Without a prefix the streams bear their plain names. */
export function streamNaming(prefix: string | undefined, root: string): StreamNaming {
  return { root, name: (stream) => (prefix === undefined ? stream : `${prefix}_${stream}`) };
}

/** `root.CHAT.EVENT.TYPE.SUBTYPE.LOG`; `-` for no event. A consumer filters by any of them. */
export function entrySubject(
  { root }: StreamNaming,
  entry: {
    readonly stream: StreamName;
    readonly event: string;
    readonly type: string;
    readonly subtype: string;
    readonly log: string;
  },
): string {
  const event = entry.event === '' ? '-' : subjectToken(entry.event);
  return `${root}.${entry.stream}.${event}.${subjectToken(entry.type)}.${subjectToken(entry.subtype)}.${subjectToken(entry.log)}`;
}

export function deadSubject({ root }: StreamNaming, group: string, stream: StreamName): string {
  return `${root}.DEAD.${group}.${stream}`;
}

/** What NATS says when it gave up a message that no consumer could finish, not even to give it up itself. */
export function givenUpSubject(stream: string): string {
  return `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.*`;
}

type Wanted = Pick<
  StreamConfig,
  'name' | 'subjects' | 'storage' | 'retention' | 'discard' | 'num_replicas' | 'max_age' | 'duplicate_window'
>;

function wantedStreams(naming: StreamNaming, replicas: number): readonly Wanted[] {
  const all = { storage: StorageType.File, retention: RetentionPolicy.Limits, discard: DiscardPolicy.Old };
  const of = (stream: StreamName | 'DEAD', subjects: string[]): Wanted => ({
    ...all,
    name: naming.name(stream),
    subjects,
    num_replicas: replicas,
    max_age: nanos(MAX_AGE_MS[stream]),
    duplicate_window: nanos(DUPLICATES_MS),
  });
  const givenUp = STREAM_NAMES.map((stream) => givenUpSubject(naming.name(stream)));
  return [
    ...STREAM_NAMES.map((stream) => of(stream, [`${naming.root}.${stream}.>`])),
    of('DEAD', [`${naming.root}.DEAD.>`, ...givenUp]),
  ];
}

/**
 * Makes the streams that are missing and checks the others. None is changed: that may cost messages, and is the operator's.
 * @throws {NatsStartError} `wrong_stream`
 */
export async function ensureStreams(
  manager: JetStreamManager,
  naming: StreamNaming,
  { replicas, where }: { readonly replicas: number; readonly where: string },
): Promise<void> {
  for (const wanted of wantedStreams(naming, replicas)) {
    const found = (await infoOf(manager, wanted.name)) ?? (await manager.streams.add(wanted));
    const wrong = differences(found, wanted);
    if (wrong.length > 0) {
      throw new NatsStartError(
        'wrong_stream',
        `Stream ${wanted.name} of NATS at ${where} is not as it should be (${wrong.join('; ')}): change it with 'nats stream edit ${wanted.name}', or delete it with 'nats stream rm ${wanted.name}' and it is made anew.`,
      );
    }
  }
}

async function infoOf(manager: JetStreamManager, name: string): Promise<StreamInfo | null> {
  for await (const found of manager.streams.names()) if (found === name) return manager.streams.info(name);
  return null;
}

function differences({ config }: StreamInfo, wanted: Wanted): string[] {
  return (Object.keys(wanted) as (keyof Wanted)[]).flatMap((key) => {
    const [is, should] = [shown(config[key]), shown(wanted[key])];
    return is === should ? [] : [`${key} is ${is} and should be ${should}`];
  });
}

function shown(value: unknown): string {
  return Array.isArray(value) ? [...value].sort().join(' ') : String(value);
}

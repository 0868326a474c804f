import type { DeadLetter, StreamReport } from '@konferenco/core';
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { STREAM_NAMES, type StreamNaming } from './stream-config.ts';
import { DEAD_HEADERS } from './stream-reader.ts';

/** Sizes and lags of all streams, the dead letters among them. @throws when NATS does not answer */
export function reportStreams(manager: JetStreamManager, naming: StreamNaming): Promise<StreamReport[]> {
  return Promise.all(
    [...STREAM_NAMES, 'DEAD' as const].map(async (stream) => {
      const name = naming.name(stream);
      const { state } = await manager.streams.info(name);
      const consumers: StreamReport['consumers'][number][] = [];
      if (state.consumer_count > 0) {
        for await (const found of manager.consumers.list(name)) {
          consumers.push({
            name: found.name,
            pending: found.num_pending,
            ackPending: found.num_ack_pending,
            redelivered: found.num_redelivered,
          });
        }
      }
      return { name, messages: state.messages, bytes: state.bytes, consumers };
    }),
  );
}

/** The newest dead letters, newest first. @throws when NATS does not answer */
export async function readDeadLetters(
  manager: JetStreamManager,
  naming: StreamNaming,
  limit: number,
): Promise<DeadLetter[]> {
  const name = naming.name('DEAD');
  const { state } = await manager.streams.info(name);
  const count = Math.min(limit, state.messages, state.last_seq);
  const sequences = Array.from({ length: count }, (_, i) => state.last_seq - i);
  const found = await Promise.all(sequences.map((seq) => manager.streams.getMessage(name, { seq })));
  return found.flatMap((message) => (message ? [deadLetter(message)] : []));
}

function deadLetter(message: StoredMsg): DeadLetter {
  const { header, time } = message;
  const at = time.getTime();
  if (!message.subject.startsWith('$JS.')) {
    return {
      group: header.get(DEAD_HEADERS.group),
      stream: header.get(DEAD_HEADERS.stream),
      sequence: Number(header.get(DEAD_HEADERS.sequence)),
      reason: header.get(DEAD_HEADERS.reason),
      at,
    };
  }
  const advisory = message.json<{ stream: string; consumer: string; stream_seq: number; deliveries: number }>();
  return {
    group: advisory.consumer,
    stream: advisory.stream,
    sequence: advisory.stream_seq,
    reason: `delivered ${advisory.deliveries} times and never finished`,
    at,
  };
}

import type { AnalyticsStore, Bus } from '@konferenco/core';
import type { Registry } from 'prom-client';
import { openNatsStreams } from '../adapters/nats/streams.ts';
import type { PostgresStore } from '../adapters/postgres/store.ts';
import { countMessages } from '../feed/analytics.ts';
import { type Consumers, startConsumers } from '../feed/consumer.ts';
import { PresenceFeed } from '../feed/presence-feed.ts';
import { Relay } from '../feed/relay.ts';
import { counter, gauge } from './figures.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import type { TlsMaterial } from '../adapters/tls.ts';
import type { BackendOptions, FeedNeeds, StreamsView } from './backends.ts';

/** The streams, what brings messages into them and what reads them. */
export interface Feeding {
  readonly view: StreamsView;
  begin(needs: FeedNeeds): void;
  register(registry: Registry): void;
  close(): Promise<void>;
}

interface Between {
  readonly store: PostgresStore;
  readonly bus: Bus;
  readonly analytics: AnalyticsStore;
  /** Of NATS. */
  readonly tls: TlsMaterial | undefined;
}

/** How often the time series make room and drop what is old. */
const MAINTAIN_MS = 3_600_000;

export async function openFeeding(options: BackendOptions, { store, bus, analytics, tls }: Between): Promise<Feeding> {
  const { config, start, onFault } = options;
  const common = { clock: systemClock, random: systemRandom, onFault };
  const replicas = config.streamReplicas === '3' ? 3 : 1;
  const streams = await openNatsStreams({
    url: config.natsUrl,
    tls,
    name: `${start.name} streams`,
    replicas,
    ...common,
  });
  const running: { close(): Promise<void> | void }[] = [];
  let relay: Relay | null = null;
  let consumers: Consumers | null = null;
  return {
    view: {
      report: () => streams.streamsReport(),
      deadLetters: (limit) => streams.deadLetters(limit),
      lag_ms() {
        const report = relay?.describe();
        return report?.leads ? report.lag_ms : null;
      },
    },
    begin({ eventOf }) {
      const begun = new Relay({ feed: store, sink: streams, eventOf, ...common });
      relay = begun;
      const leave = bus.subscribe((record) => {
        if (record.kind === 'entry') begun.wake();
      });
      const begunConsumers = startConsumers({ source: streams, ...common }, { analytics: countMessages(analytics) });
      const maintaining = setInterval(() => void analytics.maintain(systemClock.now()).catch(onFault), MAINTAIN_MS);
      consumers = begunConsumers;
      running.push(
        { close: () => clearInterval(maintaining) },
        { close: leave },
        new PresenceFeed({ node: start.name, bus, sink: streams, clock: systemClock }),
        begunConsumers,
        begun,
      );
    },
    register(registry) {
      const lag = {
        name: 'konferenco_relay_lag_seconds',
        help: 'By how much the streams are behind the store; -1: another node relays.',
      };
      gauge(registry, lag, () => {
        const report = relay?.describe();
        return { '': report?.leads ? report.lag_ms / 1_000 : -1 };
      });
      const relayed = {
        name: 'konferenco_relay_total',
        help: 'Entries this node brought into a stream, passed over because none takes them, and tries that failed.',
        label: 'what',
      };
      counter(registry, relayed, () => {
        const { relayed: done = 0, passedOver = 0, failures = 0 } = relay?.describe() ?? {};
        return { relayed: done, passed_over: passedOver, failed: failures };
      });
      const consumed = {
        name: 'konferenco_consumed_total',
        help: 'Messages that consumers of this node handled, will try again, or gave up.',
        label: 'what',
      };
      counter(registry, consumed, () => {
        const sum = { handled: 0, retried: 0, dead: 0 };
        for (const { counts } of consumers?.describe() ?? [])
          for (const what of ['handled', 'retried', 'dead'] as const) sum[what] += counts[what];
        return sum;
      });
    },
    async close() {
      for (const part of running) await part.close();
      await streams.close();
    },
  };
}

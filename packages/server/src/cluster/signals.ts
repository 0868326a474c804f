import type { NodeVitals } from '@konferenco/core';
import { Gauge, type Registry } from 'prom-client';

/**
 * What an autoscaler goes by (S4), under the names it expects. Shares are from 0 to 1 and times in seconds, as Prometheus has
 * them: the documents' 70 %, 80 % and 200 ms are 0.7, 0.8 and 0.2 here.
 *
 * @param vitals as last sampled
 */
export function registerSignals(registry: Registry, vitals: () => NodeVitals): void {
  const gauge = (name: string, help: string, read: (vitals: NodeVitals) => number) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(vitals()));
      },
    });
  };
  gauge('connections_per_pod', 'Open connections of this node.', ({ connections }) => connections);
  gauge('cpu_utilization', 'Share of the cores this node may use, over the last 15 s.', ({ cpu }) => cpu);
  gauge('memory_utilization', 'Share of the memory this node may use.', ({ memory }) => memory);
  gauge(
    'message_latency_p99',
    'Seconds from the reading of a publish to its acknowledgement, 99th percentile of the last minute; 0 without publishes.',
    ({ p99_ms }) => (p99_ms ?? 0) / 1000,
  );
}

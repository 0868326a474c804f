import type { Bus, BusRecord } from '@konferenco/core';

/** The bus of a system that is one process: a record reaches every subscriber before `publish` returns; none is ever lost. */
export function createLocalBus(): Bus {
  const receivers = new Set<(record: BusRecord) => void>();
  return {
    lossy: false,
    publish(record) {
      for (const receive of receivers) receive(record);
    },
    follow() {},
    unfollow() {},
    subscribe(receive) {
      receivers.add(receive);
      return () => receivers.delete(receive);
    },
    onReconnect() {},
    async close() {
      receivers.clear();
    },
  };
}

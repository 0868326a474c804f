import {
  type BucketRate,
  type Bus,
  type BusRecord,
  type Clock,
  type DigestPart,
  digestMutable,
  type LiveEntry,
  MessageRouter,
  type Pointer,
  type Store,
} from '@konferenco/core';
import { LIMITS, type LogName, PRIORITY_RANK, inboxLog } from '@konferenco/protocol';
import { markLost, sendLive } from '../gateway/outgoing.ts';
import { type TopicPublisher, topicOf } from '../gateway/socket.ts';
import type { Metrics } from '../observability/metrics.ts';
import { inboxFrames, inboxItemJson, messageFrames, shortFrame, transientFrame } from './encode.ts';
import type { Hub } from './hub.ts';
import type { LiveLog } from './live-log.ts';

export interface FanOutDeps {
  readonly hub: Hub;
  readonly bus: Bus;
  readonly store: Store;
  readonly clock: Clock;
  readonly publisher: TopicPublisher;
  readonly metrics: Metrics;
  readonly digest: BucketRate;
  /** Bytes that may wait for one connection. */
  readonly sendBuffer: number;
  /** Told of a direct message or notice for a user with no connection here. */
  readonly onOffline: (user: string) => void;
}

/** A log with at least this many subscribers is written at most once in `GATHER_MS`; what comes meanwhile is gathered. */
const GATHER_FROM = 64;
const GATHER_MS = 5;
/** How long a hole may wait for a late copy before the log is read (D2). */
const HOLE_MS = 50;

/**
 * From the bus to the sockets of this node: puts live copies in order, gathers them, encodes each batch once for each
 * encoding, and writes it to the log's topic. Inboxes go to their user's connections one by one.
 */
export class FanOut {
  readonly #deps: FanOutDeps;
  readonly #router: MessageRouter<Addressed>;
  readonly #dirty = new Set<LiveLog>();
  readonly #inboxes = new Map<string, WaitingInbox>();
  #scheduled = false;
  #gathering: (() => void) | null = null;
  #closed = false;
  readonly #leaveBus: () => void;

  constructor(deps: FanOutDeps) {
    this.#deps = deps;
    this.#router = new MessageRouter<Addressed>({
      connections: { getConnection: (user) => (deps.hub.connectionsOf(user).length > 0 ? this.#inboxOf(user) : null) },
      offline: { enqueue: (user) => deps.onOffline(user) },
      fanout: { broadcast: (log, copy) => this.#toLog(log, copy) },
    });
    this.#leaveBus = deps.bus.subscribe((record) => this.#receive(record));
  }

  close(): void {
    this.#closed = true;
    this.#leaveBus();
    this.#gathering?.();
  }

  #receive(record: BusRecord): void {
    if (record.kind === 'entry') {
      const from = { user_id: '' };
      this.#router.deliver({ from, to: { type: 'channel', id: record.log }, record });
      for (const pointer of record.pointers) {
        this.#router.deliver({ from, to: { type: 'user', id: pointer.user }, record, pointer });
      }
    } else if (record.kind === 'transient') this.#transient(record);
  }

  #toLog(log: LogName, { record }: Addressed): void {
    const live = this.#deps.hub.logs.get(log);
    if (!live) return;
    const ready = live.sequencer.push(record.entry);
    if (live.sequencer.hasHole) this.#noteHole(live);
    if (ready.length > 0) this.#queue(live, ready);
  }

  #queue(live: LiveLog, entries: readonly LiveEntry[]): void {
    for (const entry of entries) {
      live.batch.push(entry);
      if (entry.rank < PRIORITY_RANK.normal) live.isUrgent = true;
    }
    this.#markDirty(live);
  }

  #transient(record: Extract<BusRecord, { kind: 'transient' }>): void {
    const { hub, clock, metrics } = this.#deps;
    if (record.to !== undefined) {
      const text = transientFrame(record.log, record.envelope);
      for (const connection of hub.connectionsOf(record.to)) {
        if (connection.encoding === 'frames') sendLive(connection, record.log, text, clock.now());
      }
      return;
    }
    const live = hub.logs.get(record.log);
    if (!live) return;
    if (live.transients.has(record.key)) metrics.drops.inc({ reason: 'transient_replaced' });
    live.transients.set(record.key, record.envelope);
    this.#markDirty(live);
  }

  #inboxOf(user: string): { send(copy: Addressed): void } {
    return {
      send: ({ record, pointer }) => {
        if (pointer) this.#queueInbox(user, pointer.inbox, liveInboxItem(record, pointer));
      },
    };
  }

  #queueInbox(user: string, inbox: number, item: string): void {
    const waiting = this.#inboxes.get(user);
    if (waiting) {
      waiting.items.push(item);
      waiting.newest = Math.max(waiting.newest, inbox);
    } else this.#inboxes.set(user, { items: [item], newest: inbox });
    this.#flushSoon();
  }

  #markDirty(live: LiveLog): void {
    this.#dirty.add(live);
    const rest = live.writtenAt + GATHER_MS - this.#deps.clock.now();
    if (live.subscribers < GATHER_FROM || live.isUrgent || rest <= 0) this.#flushSoon();
    else this.#flushLater(live, rest);
  }

  #flushLater(live: LiveLog, ms: number): void {
    this.#dirty.add(live);
    this.#gathering ??= this.#deps.clock.after(ms, () => this.#flush());
  }

  #flushSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#deps.clock.soon(() => this.#flush());
  }

  /** Writes everything that has gathered: urgent logs first, then inboxes, then the others. */
  #flush(): void {
    if (this.#closed) return;
    const start = performance.now();
    this.#scheduled = false;
    this.#gathering?.();
    this.#gathering = null;
    const logs = [...this.#dirty];
    this.#dirty.clear();
    for (const live of logs) if (live.isUrgent) this.#flushLog(live);
    this.#flushInboxes();
    for (const live of logs) if (live.batch.length + live.transients.size > 0) this.#flushLog(live);
    this.#deps.metrics.step('fan_out', start);
  }

  #flushLog(live: LiveLog): void {
    const { clock, digest } = this.#deps;
    const result = live.batch.length > 0 ? digestMutable(live.batch, live.bucket, digest, clock.now()) : null;
    if (result?.kind === 'wait') this.#flushLater(live, result.ms);
    else if (result) {
      live.batch = [];
      live.isUrgent = false;
      live.writtenAt = clock.now();
      this.#write(live, result.parts);
    }
    if (live.frames > 0) {
      for (const envelope of live.transients.values())
        this.#publish(live, 'frames', transientFrame(live.name, envelope));
    }
    live.transients.clear();
  }

  #write(live: LiveLog, parts: readonly DigestPart<LiveEntry>[]): void {
    const { metrics } = this.#deps;
    const entries = parts.flatMap((part) => (part.kind === 'entries' ? part.entries : []));
    for (const part of parts) {
      if (part.kind === 'skipped') metrics.drops.inc({ reason: 'digest' }, part.to - part.from + 1);
    }
    metrics.deliveries.inc(entries.length * live.subscribers);
    if (live.frames > 0) for (const text of messageFrames(live.name, parts)) this.#publish(live, 'frames', text);
    if (live.short > 0) this.#flushShort(live, entries);
  }

  #flushShort(live: LiveLog, entries: readonly LiveEntry[]): void {
    for (const entry of entries) {
      const text = shortFrame(live.name, entry);
      if (text !== null) this.#publish(live, 'short', text);
    }
  }

  #flushInboxes(): void {
    const { hub, clock, metrics } = this.#deps;
    for (const [user, { items, newest }] of this.#inboxes) {
      const log = inboxLog(user);
      for (const connection of hub.connectionsOf(user)) {
        if (connection.encoding === 'short') continue;
        for (const text of inboxFrames(items)) sendLive(connection, log, text, clock.now());
        connection.tellInbox(newest);
        metrics.deliveries.inc(items.length);
      }
    }
    this.#inboxes.clear();
  }

  #publish(live: LiveLog, encoding: 'frames' | 'short', text: string): void {
    if (this.#deps.publisher.publish(topicOf(live.name, encoding), text) <= 0) this.#findSlow(live, encoding);
  }

  /**
   * Topics have no queue of their own: somebody may have missed a publication. Whoever has more than half the buffer
   * waiting is taken off the topic and told to fetch once the buffer is empty.
   */
  #findSlow(live: LiveLog, encoding: 'frames' | 'short'): void {
    const { hub, clock, sendBuffer, metrics } = this.#deps;
    const topic = topicOf(live.name, encoding);
    for (const connection of hub.connections()) {
      if (connection.encoding !== encoding || connection.lost?.has(live.name)) continue;
      if (!connection.logs.includes(live.name) || connection.socket.getBufferedAmount() < sendBuffer / 2) continue;
      connection.socket.unsubscribe(topic);
      markLost(connection, live.name, clock.now());
      metrics.drops.inc({ reason: 'slow_consumer' });
    }
  }

  /** Reads from the inbox of `user` what live copies did not bring after the position `after`: a page of it, the next time the next. */
  async repairInbox(user: string, after: number): Promise<void> {
    const { hub, store, metrics } = this.#deps;
    const page = await store.readInbox(user, { after, limit: LIMITS.page, max_bytes: LIMITS.frame_bytes });
    if (this.#closed || hub.connectionsOf(user).length === 0) return;
    if (page.entries.length > 0) metrics.holes.inc();
    // Entries that no longer exist are nothing to wait for.
    else for (const connection of hub.connectionsOf(user)) connection.tellInbox(page.head);
    for (const pointer of page.entries) this.#queueInbox(user, pointer.inbox, inboxItemJson(pointer));
  }

  #noteHole(live: LiveLog): void {
    if (live.holeSince !== 0) return;
    const { clock } = this.#deps;
    live.holeSince = clock.now();
    // In halves: between two timers a node that is late itself reads what lies in its sockets, and the copy may be there.
    clock.after(HOLE_MS / 2, () => clock.after(HOLE_MS / 2, () => this.#closeHole(live)));
  }

  #closeHole(live: LiveLog): void {
    live.holeSince = 0;
    if (live.sequencer.hasHole) this.repair(live).catch(() => this.#noteHole(live));
  }

  /** Reads from the log what live copies did not bring, once for all members of this node. */
  async repair(live: LiveLog): Promise<void> {
    live.holeSince = 0;
    const { hub, store, metrics } = this.#deps;
    const position = live.sequencer.position;
    if (this.#closed || position === null || hub.logs.get(live.name) !== live) return;
    const page = await store.read(live.name, { after: position, limit: LIMITS.page, max_bytes: LIMITS.frame_bytes });
    if (page.entries.length > 0) metrics.holes.inc();
    if (page.gap) this.#queue(live, live.sequencer.skipTo(page.gap.to + 1));
    for (const entry of page.entries) {
      // A body that is gone has nothing to show live; readers meet its marker in history.
      if (entry.envelope === null) this.#queue(live, live.sequencer.skipTo(entry.offset + 1));
      else {
        const { offset, at, envelope } = entry;
        this.#queue(live, live.sequencer.push({ offset, at, envelope, rank: PRIORITY_RANK.normal }));
      }
    }
    if (page.has_more || live.sequencer.hasHole) this.#noteHole(live);
  }
}

/** Inbox items that wait to be written to their user's connections. */
interface WaitingInbox {
  readonly items: string[];
  newest: number;
}

/** A live copy on its way, with the address the router reads. */
interface Addressed {
  readonly from: { readonly user_id: string };
  readonly to: { readonly type: 'user' | 'channel'; readonly id: string };
  readonly record: Extract<BusRecord, { kind: 'entry' }>;
  readonly pointer?: Pointer;
}

function liveInboxItem({ log, entry }: Extract<BusRecord, { kind: 'entry' }>, pointer: Pointer): string {
  return `{"inbox":${pointer.inbox},"reason":"${pointer.reason}","log":"${log}","offset":${entry.offset},"at":${entry.at},"envelope":${entry.envelope}}`;
}

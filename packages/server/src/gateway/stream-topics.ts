import type { StreamSocket } from './stream-socket.ts';
import { eventOf } from './stream-event.ts';
import type { TopicPublisher } from './socket.ts';

/** The native topics of the WebSockets, which streams cannot join, and who tells how many have. */
export interface NativeTopics extends TopicPublisher {
  /** Sockets subscribed to a topic. Without it a topic that streams alone hear is looked over for slow sockets each time. */
  subscriberCount?(topic: string): number;
}

/**
 * Topics that sockets and streams hear alike. While no stream is open a publication costs what the native one costs; with
 * streams, its event is encoded once for all of them.
 */
export class StreamTopics implements TopicPublisher {
  readonly #native: NativeTopics;
  readonly #topics = new Map<string, Set<StreamSocket>>();

  constructor(native: NativeTopics) {
    this.#native = native;
  }

  join(topic: string, socket: StreamSocket): void {
    const members = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, members.add(socket));
  }

  leave(topic: string, socket: StreamSocket): void {
    const members = this.#topics.get(topic);
    members?.delete(socket);
    if (members?.size === 0) this.#topics.delete(topic);
  }

  publish(topic: string, text: string): number {
    const result = this.#native.publish(topic, text);
    if (this.#topics.size === 0) return result;
    const members = this.#topics.get(topic);
    if (members === undefined) return result;
    const event = eventOf(text);
    let dropped = false;
    for (const socket of members) if (socket.sendEvent(event) === 0) dropped = true;
    if (dropped) return 0;
    return result <= 0 && this.#native.subscriberCount?.(topic) === 0 ? event.length : result;
  }
}

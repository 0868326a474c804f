/**
 * What the gateway needs of one socket. Bun's `ServerWebSocket` has this form as it is, so a connection costs no wrapper;
 * simulations bring their own.
 */
export interface Socket {
  /** Bytes queued or sent; -1: queued behind a full buffer; 0: dropped. */
  send(text: string, compress?: boolean): number;
  subscribe(topic: string): unknown;
  unsubscribe(topic: string): unknown;
  isSubscribed(topic: string): boolean;
  getBufferedAmount(): number;
  ping(): unknown;
  close(code: number, reason: string): void;
}

/** Writes one text to every socket subscribed to a topic; 0 or less when at least one of them could not take it. */
export interface TopicPublisher {
  publish(topic: string, text: string): number;
}

/** How a connection's frames are written: `konferenco-v1` frames, or the flat objects of a load script (P7). */
export type Encoding = 'frames' | 'short';

/** The topic of a log for one encoding. */
export function topicOf(log: string, encoding: Encoding): string {
  return encoding === 'frames' ? log : `${log}#short`;
}

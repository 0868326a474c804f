/** One event of a `text/event-stream`. */
export interface StreamEvent {
  /** `message` unless the stream named it otherwise. */
  readonly event: string;
  readonly data: string;
}

/** Characters that an unfinished event may have: room for the largest frame there is, many times over. */
export const EVENT_MAX = 1_048_576;

/** Reads a `text/event-stream` (HTML Living Standard, 9.2) as it comes, in pieces cut anywhere. Ids and retry times are not used. */
export class EventParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #size = 0;

  /** @throws {RangeError} when an event is larger than {@link EVENT_MAX}. */
  push(text: string): readonly StreamEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    const events: StreamEvent[] = [];
    for (const line of lines) this.#line(line, events);
    if (this.#size + this.#rest.length > EVENT_MAX) throw new RangeError('an event is too large');
    return events;
  }

  #line(line: string, events: StreamEvent[]): void {
    if (line === '') {
      if (this.#data.length > 0) events.push({ event: this.#event || 'message', data: this.#data.join('\n') });
      this.#event = '';
      this.#data = [];
      this.#size = 0;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    this.#size += value.length;
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
  }
}

import type {
  ClientFrame,
  ClientFrameOf,
  LogName,
  ReplyOf,
  ServerFrame,
  ServerFrameOf,
  StreamRequest,
} from '@konferenco/protocol';

/** Refs of the frames in a request; those of the SDK's own requests do not meet them. */
const REF = { hello: 1, subscribe: 2, watch: 3 } as const;

type LogAnswer = ReplyOf<'subscribe'>['logs'][string];

/** A subscribe that was not answered for all its logs. */
interface Question {
  readonly ref: number;
  readonly open: Set<LogName>;
  readonly answers: Record<LogName, LogAnswer>;
}

/** A session begun anew elsewhere that is not the one before: another store, or another person. */
export const ANOTHER = 'another';

/**
 * What a session is to hear and how far it has heard: everything that a request must say so that any node can go on with
 * it. Turns what the SDK says once over a connection into that, and the answers into those that the SDK waits for.
 */
export class Wanted {
  #hello: ClientFrameOf<'hello'> | null = null;
  /** The ref of a hello that was not answered. */
  #helloRef: number | null = null;
  #first: ReplyOf<'hello'> | null = null;
  #watch: ClientFrameOf<'watch'> | null = null;
  /** Inbox position up to which everything was heard. */
  #inbox = 0;
  /** Up to where each log was heard without a hole; `null`: where it stands is still to be answered. */
  readonly #logs = new Map<LogName, number | null>();
  #questions: Question[] = [];

  get isGreeted(): boolean {
    return this.#first !== null;
  }

  /** Server time at the session's beginning; none before. */
  get since(): number | undefined {
    return this.#first?.server_time;
  }

  get device(): string | undefined {
    return this.#hello?.device_id;
  }

  /** Takes in a frame about the live part. Returns what can be answered at once; `null`: it is none of those frames. */
  ask(frame: ClientFrame): readonly ServerFrame[] | null {
    switch (frame.type) {
      case 'hello':
        this.#hello = frame;
        this.#helloRef = frame.ref;
        return [];
      case 'subscribe':
        for (const log of frame.logs) this.#logs.set(log, null);
        this.#questions.push({ ref: frame.ref, open: new Set(frame.logs), answers: {} });
        return [];
      case 'unsubscribe':
        for (const log of frame.logs) this.#logs.delete(log);
        return [...this.#settle(frame.logs.map((log) => [log, { first: 0, head: 0 }])), done(frame.ref)];
      case 'watch':
        this.#watch = frame;
        return [done(frame.ref)];
      case 'presence':
        if (this.#hello) this.#hello = { ...this.#hello, status: frame.status };
        return frame.ref === undefined ? [] : [done(frame.ref)];
      default:
        return null;
    }
  }

  /** The request as it stands now. */
  request(): StreamRequest {
    const logs = [...this.#logs.keys()];
    const after = Object.fromEntries([...this.#logs].filter((one): one is [LogName, number] => one[1] !== null));
    const hello = this.#hello ?? { type: 'hello', ref: REF.hello };
    return {
      hello: { ...hello, ref: REF.hello, ...(this.isGreeted ? { inbox: this.#inbox } : {}) },
      ...(logs.length > 0 ? { subscribe: { type: 'subscribe', ref: REF.subscribe, logs, after } } : {}),
      ...(this.#watch ? { watch: { ...this.#watch, ref: REF.watch } } : {}),
    };
  }

  /** Takes in a frame that came. Returns what the SDK is to hear instead; `null`: the frame itself. */
  hear(frame: ServerFrame): readonly ServerFrame[] | null | typeof ANOTHER {
    switch (frame.type) {
      case 'reply':
        return this.#answered(frame);
      case 'error':
        return frame.ref === undefined ? null : this.#refused(frame);
      case 'message':
        for (const { offset } of frame.items) this.#reach(frame.log, offset, offset);
        return null;
      case 'skipped':
        this.#reach(frame.log, frame.from, frame.to);
        return null;
      case 'inbox':
        for (const { inbox } of frame.items) if (inbox === this.#inbox + 1) this.#inbox = inbox;
        return null;
      default:
        return null;
    }
  }

  #answered(frame: ServerFrameOf<'reply'>): readonly ServerFrame[] | typeof ANOTHER {
    if (frame.ref === REF.hello) return this.#greeted(frame.data as ReplyOf<'hello'>);
    if (frame.ref !== REF.subscribe) return [];
    const answers = Object.entries((frame.data as ReplyOf<'subscribe'>).logs);
    for (const [log, answer] of answers) {
      if ('code' in answer) this.#logs.delete(log);
      else if (this.#logs.get(log) === null) this.#logs.set(log, answer.head);
    }
    return this.#settle(answers);
  }

  #greeted(data: ReplyOf<'hello'>): readonly ServerFrame[] | typeof ANOTHER {
    if (this.#first && (this.#first.epoch !== data.epoch || this.#first.user_id !== data.user_id)) return ANOTHER;
    if (!this.#first) this.#inbox = data.inbox.head;
    this.#first ??= data;
    const ref = this.#helloRef;
    this.#helloRef = null;
    return ref === null ? [] : [{ type: 'reply', ref, data }];
  }

  #refused(frame: ServerFrameOf<'error'>): readonly ServerFrame[] | typeof ANOTHER {
    if (frame.ref === REF.hello) {
      const ref = this.#helloRef;
      this.#helloRef = null;
      return ref === null ? ANOTHER : [{ ...frame, ref }];
    }
    if (frame.ref !== REF.subscribe) return [];
    const questions = this.#questions;
    this.#questions = [];
    for (const { open } of questions) for (const log of open) this.#logs.delete(log);
    return questions.map(({ ref }) => ({ ...frame, ref }));
  }

  /** Answers for logs; returns the replies that are complete with them. */
  #settle(answers: readonly (readonly [LogName, LogAnswer])[]): readonly ServerFrame[] {
    for (const question of this.#questions) {
      for (const [log, answer] of answers) if (question.open.delete(log)) question.answers[log] = answer;
    }
    const complete = this.#questions.filter(({ open }) => open.size === 0);
    this.#questions = this.#questions.filter(({ open }) => open.size > 0);
    return complete.map(({ ref, answers: logs }) => ({ type: 'reply', ref, data: { logs } }));
  }

  #reach(log: LogName, from: number, to: number): void {
    const position = this.#logs.get(log) ?? null;
    if (position !== null && from <= position + 1 && to > position) this.#logs.set(log, to);
  }
}

function done(ref: number): ServerFrame {
  return { type: 'reply', ref, data: {} };
}

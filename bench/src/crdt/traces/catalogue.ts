import type { Kind, TraceOf, TraceOptions } from '../trace.ts';
import { agendaTrace } from './agenda.ts';
import { chatTrace } from './chat.ts';
import { countersTrace } from './counters.ts';
import { favouritesTrace, onePersonTrace } from './favourites.ts';
import { programmeTrace } from './programme.ts';
import { textTrace } from './text.ts';

export interface TraceEntry<K extends Kind> {
  readonly kind: K;
  readonly generate: (options: TraceOptions) => TraceOf<K>;
  /** Copies held while memory is measured, so that a small document stands out. */
  readonly copies: number;
  /** Operations at the end that are merged one by one: few enough for a library that takes milliseconds for each. */
  readonly live: number;
}

export const TRACES = {
  text: { kind: 'text', generate: textTrace, copies: 4, live: 2_000 },
  chat: { kind: 'chat', generate: chatTrace, copies: 8, live: 500 },
  favourites: { kind: 'favourites', generate: favouritesTrace, copies: 1, live: 2_000 },
  'one-person': { kind: 'favourites', generate: onePersonTrace, copies: 200, live: 2_000 },
  programme: { kind: 'programme', generate: programmeTrace, copies: 8, live: 2_000 },
  counters: { kind: 'counters', generate: countersTrace, copies: 8, live: 2_000 },
  agenda: { kind: 'agenda', generate: agendaTrace, copies: 50, live: 2_000 },
} as const satisfies Record<
  string,
  | TraceEntry<'text'>
  | TraceEntry<'chat'>
  | TraceEntry<'favourites'>
  | TraceEntry<'programme'>
  | TraceEntry<'counters'>
  | TraceEntry<'agenda'>
>;

export type TraceName = keyof typeof TRACES;

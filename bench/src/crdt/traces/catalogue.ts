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
}

export const TRACES = {
  text: { kind: 'text', generate: textTrace, copies: 4 },
  chat: { kind: 'chat', generate: chatTrace, copies: 8 },
  favourites: { kind: 'favourites', generate: favouritesTrace, copies: 1 },
  'one-person': { kind: 'favourites', generate: onePersonTrace, copies: 200 },
  programme: { kind: 'programme', generate: programmeTrace, copies: 8 },
  counters: { kind: 'counters', generate: countersTrace, copies: 8 },
  agenda: { kind: 'agenda', generate: agendaTrace, copies: 50 },
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

import { identityOf } from '../identity.ts';
import { below, randomFrom, words } from '../random.ts';
import type { ChatMessage, TraceOf, TraceOptions, Turn } from '../trace.ts';

const MESSAGES = 5_000;
const WRITERS = 50;
/** Messages each writes before it hears of the others. */
const PER_TURN = 20;
const BEGIN_MS = 1_790_000_000_000;

/** Fifty people append to one log at once; it is read in the order of the messages' times. */
export function chatTrace({ seed, scale }: TraceOptions): TraceOf<'chat'> {
  const random = randomFrom(seed);
  const rounds: Turn<ChatMessage>[][] = [];
  let at = BEGIN_MS;
  const messages: ChatMessage[] = [];
  for (let left = Math.round(MESSAGES * scale); left > 0; ) {
    const turns = Array.from({ length: WRITERS }, (_, writer) => ({
      document: 0,
      writer,
      intents: [] as ChatMessage[],
    }));
    for (let nth = 0; nth < PER_TURN * WRITERS && left > 0; nth += 1, left -= 1) {
      const writer = nth % WRITERS;
      at += 1 + below(random, 2_000);
      const message = { from: identityOf(writer).node, at, text: words(random, 3 + below(random, 22)) };
      turns[writer]?.intents.push(message);
      messages.push(message);
    }
    rounds.push(turns);
  }
  return { documents: 1, writers: WRITERS, setup: [], rounds, expected: [messages], seen: byTime };
}

function byTime(content: unknown): unknown {
  return (content as readonly ChatMessage[]).toSorted((a, b) => a.at - b.at);
}

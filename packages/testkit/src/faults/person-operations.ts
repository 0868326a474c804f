import { type Client, createClient, KonferencoError, type Programme } from '@konferenco/client';
import type { SeededRandom } from '../seeded-random.ts';

/** The event of a demo system, and somebody who organises it. */
export const EVENT = 'hui-taiao-2026';
const ORGANISER = 'ngaire-holloway';

/** Sessions of the run's own: nobody goes to them but its people. */
export const SESSIONS: readonly string[] = Array.from({ length: 8 }, (_, index) => `run-session-${index + 1}`);

const HOUR_MS = 3_600_000;
/** Meetings a person asks for in a run; more would only make their documents long. */
const MEETINGS_MAX = 12;

export interface Inclination {
  readonly random: SeededRandom;
  /** People to meet. */
  readonly peers: readonly string[];
  /** Different each time. */
  readonly number: number;
}

/** Puts the sessions of a run into the programme. Resolves when the node has them. */
export async function makeSessions(url: string): Promise<void> {
  const organiser = createClient({ url, demoUser: ORGANISER });
  try {
    await organiser.connect();
    const stored = new Promise<void>((resolve) => {
      organiser.on('waiting', (waiting) => {
        if (waiting === 0) resolve();
      });
    });
    const programme = organiser.programme(EVENT);
    for (const [index, session] of SESSIONS.entries()) {
      const starts_at = Date.now() + (24 + index) * HOUR_MS;
      const times = { starts_at, ends_at: starts_at + HOUR_MS };
      await programme.change(session, { title: `Session ${index + 1}`, room: 'A', ...times });
    }
    if (organiser.waiting > 0) await stored;
  } finally {
    await organiser.close();
  }
}

/**
 * Changes something of the replicated state, once the device knows how it stands: marks a session or unmarks it, goes to one
 * or does not, writes about oneself, asks for a meeting or accepts one.
 */
export async function changeState(client: Client, inclination: Inclination): Promise<void> {
  const isKnown = client.sync.state().scopes.every(({ version }) => version !== '');
  const programme = client.programme(EVENT);
  if (!isKnown || !programme.state().ready) return;
  try {
    await act(client, programme, inclination);
  } catch (error) {
    // A full outbox takes nothing, and then there was no operation.
    if (!(error instanceof KonferencoError)) throw error;
  }
}

async function act(client: Client, programme: Programme, { random, peers, number }: Inclination): Promise<void> {
  const wish = random.next();
  const id = random.pick(SESSIONS);
  const session = programme.state().sessions.find((one) => one.id === id);
  if (!session) return;
  if (wish < 0.3) return programme.setFavourite(session.id, !session.favourite);
  if (wish < 0.65) return programme.setAttending(session.id, !session.attending);
  if (wish < 0.8) return client.own.setProfile({ about: `About me, version ${number}` });
  const { items } = client.meetings.state();
  const waiting = items.find(({ standing }) => standing === 'waiting_for_me');
  if (waiting) return client.meetings.accept(waiting.id);
  if (items.length >= MEETINGS_MAX) return;
  const starts_at = Date.now() + random.int(20, 200) * HOUR_MS;
  const times = { starts_at, ends_at: starts_at + HOUR_MS };
  await client.meetings.request({ with: random.pick(peers), title: `Meeting ${number}`, ...times });
}

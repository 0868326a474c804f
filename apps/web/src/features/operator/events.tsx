import type { KnownSystem } from '@konferenco/client/operator';
import { useMemo, useState } from 'react';
import { useNames } from '../../state/app.ts';
import { eventWords } from './event-words.ts';
import { useWords } from './words.ts';

const SHOWN = 20;

/** What happened and what the system did about it, newest first. */
export function Events({ system: { events, node, at } }: { readonly system: KnownSystem }) {
  const { say, exact, clock } = useWords();
  const [all, setAll] = useState(false);
  const people = useMemo(() => [...new Set(events.flatMap(({ by }) => by ?? []))], [events]);
  const names = useNames(people);
  const who = (id: string): string => names[people.indexOf(id)] ?? id;
  return (
    <section className="operated" aria-labelledby="operated-events">
      <h2 id="operated-events">{say('events')}</h2>
      {events.length === 0 && <p className="hint">{say('events.none', { node })}</p>}
      <ol className="happened">
        {(all ? events : events.slice(0, SHOWN)).map((event) => {
          const { text, time, needsYou } = eventWords(event, { say, who, now: at });
          return (
            <li key={event.id} data-needs={needsYou}>
              <time dateTime={new Date(event.at).toISOString()} title={exact(event.at)}>
                {clock(event.at)}:{String(Math.floor(event.at / 1_000) % 60).padStart(2, '0')}
              </time>
              <span>
                {text}
                {time !== null && <span className="hint"> ({time})</span>}
              </span>
            </li>
          );
        })}
      </ol>
      {!all && events.length > SHOWN && (
        <button type="button" className="button quiet" onClick={() => setAll(true)}>
          {say('events.more', { count: events.length })}
        </button>
      )}
    </section>
  );
}

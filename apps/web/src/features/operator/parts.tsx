import type { KnownSystem, OperatedPart } from '@konferenco/client/operator';
import { CircleAlert, CircleCheck } from 'lucide-react';
import { duration, useWords } from './words.ts';

/** What the system stands on, and what is in force while something of it is away. */
export function Parts({ system }: { readonly system: KnownSystem }) {
  const { say } = useWords();
  return (
    <section className="operated" aria-labelledby="operated-parts">
      <h2 id="operated-parts">{say('parts')}</h2>
      <ul className="parts">
        {system.parts.map((part) => (
          <Part key={part.name} part={part} system={system} />
        ))}
      </ul>
    </section>
  );
}

function Part({ part, system }: { readonly part: OperatedPart; readonly system: KnownSystem }) {
  const { say } = useWords();
  const outage = system.events.find(
    ({ what, subject, until }) => what === 'part_away' && subject === part.name && until === null,
  );
  const isAway = part.state === 'away';
  const Mark = isAway ? CircleAlert : CircleCheck;
  return (
    <li>
      <span className="standing" data-standing={isAway ? 'suspected' : 'open'}>
        <Mark size={16} aria-hidden />
        <b>{say(`part.${part.name}`)}</b>
        {isAway && outage
          ? say('part.away.since', { time: duration(system.at - outage.at) })
          : say(isAway ? 'part.away' : 'part.working')}
      </span>
      {part.detail !== '' && <span className="hint detail">{part.detail}</span>}
      {part.name === 's3' && <span className="hint">{say('part.s3.note')}</span>}
      {isAway && outage?.rung && <span className="needs-you">{say(`rung.${outage.rung}`)}</span>}
    </li>
  );
}

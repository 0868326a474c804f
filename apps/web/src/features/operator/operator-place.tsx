import { KonferencoError } from '@konferenco/client';
import type { KnownSystem } from '@konferenco/client/operator';
import { CircleAlert, CircleCheck, Lock } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLocale } from '../../state/app.ts';
import { Empty, Loading } from '../../ui/parts.tsx';
import { Events } from './events.tsx';
import { healthOf } from './health.ts';
import { Messages } from './messages.tsx';
import { Nodes } from './nodes.tsx';
import { Now } from './now.tsx';
import { Own } from './own.tsx';
import { Parts } from './parts.tsx';
import { Plan } from './plan.tsx';
import { Streams } from './streams.tsx';
import { useStyles } from './use-styles.ts';
import { useOperator, useSeconds, type Watched } from './use-operator.ts';
import { useWords } from './words.ts';

/** The operator's console: the whole system, live. */
export function OperatorPlace() {
  const { say } = useWords();
  useStyles();
  const watched = useOperator();
  const { operator, system, error } = watched;
  return (
    <main className="page operator" id="main">
      <header className="operator-head">
        <h1 tabIndex={-1} data-heading>
          {say('title')}
        </h1>
        {!isRefused(error) && <Contact watched={watched} />}
      </header>
      {isRefused(error) ? (
        <Empty icon={Lock} title={say('refused')}>
          {say('refused.hint')}
        </Empty>
      ) : system ? (
        <>
          <HealthLine system={system} />
          <Now system={system} />
          <Nodes system={system} operator={operator} />
          <div className="columns">
            <Parts system={system} />
            <Events system={system} />
          </div>
          <Own system={system} />
          <Streams streams={system.streams} />
          <Messages operator={operator} at={system.at} />
          <Plan system={system} />
        </>
      ) : (
        error === null && <Loading />
      )}
    </main>
  );
}

function isRefused(error: unknown): boolean {
  return error instanceof KonferencoError && error.error === 'forbidden';
}

/** How old the figures are; said aloud only when contact is lost and when it is back. */
function Contact({ watched: { system, heard_at, error } }: { readonly watched: Watched }) {
  const { say } = useWords();
  const { why } = useLocale();
  const now = useSeconds(true);
  const seconds = heard_at === null ? 0 : Math.max(0, Math.floor((now - heard_at) / 1_000));
  const isLost = error !== null;
  const aloud = useAloud(isLost);
  return (
    <div className="contact" data-lost={isLost}>
      <p>
        {system === null
          ? isLost && say('lost.never', { reason: why(error) })
          : isLost
            ? say('lost', { seconds })
            : `${say('lead', { node: system.node })} ${seconds < 2 ? say('fresh.now') : say('fresh', { seconds })}`}
      </p>
      <p className="sr-only" role="status">
        {aloud}
      </p>
    </div>
  );
}

/** What is said aloud: that contact was lost, and then that it is back; not how old the figures are. */
function useAloud(isLost: boolean): string {
  const { say } = useWords();
  const [wasLost, setWasLost] = useState(false);
  useEffect(() => {
    if (isLost) setWasLost(true);
  }, [isLost]);
  if (isLost) return say('lost.aloud');
  return wasLost ? say('back') : '';
}

function HealthLine({ system }: { readonly system: KnownSystem }) {
  const { isGood, words } = healthOf(system, useWords());
  const Mark = isGood ? CircleCheck : CircleAlert;
  return (
    <div className="health" data-good={isGood} role="status">
      <Mark size={20} aria-hidden />
      <div>
        {words.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
    </div>
  );
}

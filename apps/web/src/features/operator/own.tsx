import type { KnownSystem } from '@konferenco/client/operator';
import { en } from './en.ts';
import { Table } from './table.tsx';
import { duration, rounded, type WordKey, useWords } from './words.ts';

/** What goes on inside the node that answers: steps, queues, and what it turned away. */
export function Own({ system: { own, node } }: { readonly system: KnownSystem }) {
  const { say, number, bytes } = useWords();
  const named = useNamed();
  const ms = (value: number): string => say('milliseconds', { value: number(rounded(value)) });
  return (
    <section className="operated" aria-labelledby="operated-own">
      <h2 id="operated-own">{say('own', { node })}</h2>
      <p className="hint">{own.over_ms === 0 ? say('own.soon') : say('own.over', { time: duration(own.over_ms) })}</p>
      <div className="columns">
        <div>
          <h3>{say('steps')}</h3>
          {own.steps.length === 0 ? (
            <p className="hint">{say('steps.none')}</p>
          ) : (
            <Table
              caption={say('steps')}
              columns={[
                { key: 'step', head: say('step'), cell: ({ step }) => named('step', step) },
                { key: 'count', head: say('step.count'), cell: ({ count }) => number(count), numeric: true },
                { key: 'p50', head: say('step.p50'), cell: ({ p50_ms }) => ms(p50_ms), numeric: true },
                { key: 'p99', head: say('step.p99'), cell: ({ p99_ms }) => ms(p99_ms), numeric: true },
              ]}
              rows={own.steps}
              keyOf={({ step }) => step}
              cards
            />
          )}
        </div>
        <div>
          <h3>{say('queues')}</h3>
          <dl className="pairs">
            <dt>{say('queue.commit')}</dt>
            <dd>{number(own.commit_queue)}</dd>
            {own.index_lag !== null && (
              <>
                <dt>{say('queue.index')}</dt>
                <dd>{number(own.index_lag)}</dd>
              </>
            )}
            {own.wal_bytes !== null && (
              <>
                <dt>{say('queue.wal')}</dt>
                <dd>{bytes(own.wal_bytes)}</dd>
              </>
            )}
          </dl>
        </div>
        <Reasons kind="drops" rows={own.drops} name={(reason) => named('drop', reason)} />
        <Reasons kind="refusals" rows={own.refusals} name={(reason) => reason} />
      </div>
    </section>
  );
}

interface ReasonsProps {
  readonly kind: 'drops' | 'refusals';
  readonly rows: KnownSystem['own']['drops'];
  readonly name: (reason: string) => string;
}

function Reasons({ kind, rows, name }: ReasonsProps) {
  const { say, number } = useWords();
  return (
    <div>
      <h3>{say(kind)}</h3>
      {rows.length === 0 ? (
        <p className="hint">{say(`${kind}.none`)}</p>
      ) : (
        <Table
          caption={say(kind)}
          columns={[
            { key: 'reason', head: say('reason'), cell: ({ reason }) => name(reason) },
            { key: 'times', head: say('times'), cell: ({ count }) => number(count), numeric: true },
          ]}
          rows={rows}
          keyOf={({ reason }) => reason}
        />
      )}
    </div>
  );
}

/** Names of what the server calls by a word; one that a newer server made up stands as it is. */
function useNamed(): (kind: 'step' | 'drop', name: string) => string {
  const { say } = useWords();
  return (kind, name) => {
    const key = `${kind}.${name}`;
    return key in en ? say(key as WordKey) : name;
  };
}

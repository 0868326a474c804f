import type { OperatedMessages, Operator } from '@konferenco/client/operator';
import { useEffect, useState } from 'react';
import { useLocale } from '../../state/app.ts';
import { topOf } from './chart-path.ts';
import { Table } from './table.tsx';
import { useWords } from './words.ts';

const HOURS = 3;
const EVERY_MS = 60_000;
const [WIDTH, HEIGHT] = [720, 96];

/** How many messages there were, in five minutes each. */
export function Messages({ operator, at }: { readonly operator: Operator; readonly at: number }) {
  const { say } = useWords();
  const { why } = useLocale();
  const { told, error } = useMessages(operator);
  return (
    <section className="operated" aria-labelledby="operated-messages">
      <h2 id="operated-messages">{say('messages')}</h2>
      {error !== null && <p className="needs-you">{why(error)}</p>}
      {told !== null && told.counts === null && <p className="hint">{say('messages.none')}</p>}
      {told?.counts && <Counted counts={told.counts} bucket_ms={told.bucket_ms} at={at} />}
    </section>
  );
}

function useMessages(operator: Operator) {
  const [state, setState] = useState<{ readonly told: OperatedMessages | null; readonly error: unknown }>({
    told: null,
    error: null,
  });
  useEffect(() => {
    let isWanted = true;
    const load = (): void => {
      if (document.hidden) return;
      operator.messages(HOURS).then(
        (told) => isWanted && setState({ told, error: null }),
        (error: unknown) => isWanted && setState(({ told }) => ({ told, error })),
      );
    };
    load();
    const timer = setInterval(load, EVERY_MS);
    document.addEventListener('visibilitychange', load);
    return () => {
      isWanted = false;
      clearInterval(timer);
      document.removeEventListener('visibilitychange', load);
    };
  }, [operator]);
  return state;
}

interface CountedProps {
  readonly counts: NonNullable<OperatedMessages['counts']>;
  readonly bucket_ms: number;
  readonly at: number;
}

function Counted({ counts, bucket_ms, at }: CountedProps) {
  const { say, number } = useWords();
  if (counts.length === 0) return <p className="hint">{say('messages.quiet', { hours: HOURS })}</p>;
  const sums = (key: 'from' | 'type'): Map<number | string, number> => {
    const found = new Map<number | string, number>();
    for (const row of counts) found.set(row[key], (found.get(row[key]) ?? 0) + row.messages);
    return found;
  };
  const buckets = [...sums('from')];
  const total = counts.reduce((all, { messages }) => all + messages, 0);
  const most = Math.max(...buckets.map(([, messages]) => messages));
  const span = HOURS * 3_600_000;
  const start = Math.floor((at - span) / bucket_ms) * bucket_ms;
  const each = WIDTH / (span / bucket_ms + 1);
  return (
    <>
      <svg
        className="bars"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={say('messages.chart', { hours: HOURS, total, most })}
      >
        <path className="spark-base" d={`M0 ${HEIGHT}H${WIDTH}`} />
        {buckets.map(([from, messages]) => {
          const height = (messages / topOf(most)) * HEIGHT;
          const x = ((Number(from) - start) / bucket_ms) * each;
          return <rect key={from} x={x} y={HEIGHT - height} width={each - 2} height={height} />;
        })}
      </svg>
      <p className="hint" aria-hidden>
        {say('messages.total', { hours: HOURS, total, most })}
      </p>
      <Table
        caption={say('messages')}
        columns={[
          { key: 'type', head: say('messages.type'), cell: ([type]) => String(type) },
          { key: 'count', head: say('messages.count'), cell: ([, messages]) => number(messages), numeric: true },
        ]}
        rows={[...sums('type')].sort(([, a], [, b]) => b - a)}
        keyOf={([type]) => String(type)}
      />
    </>
  );
}

import type { KnownSystem, OperatedNode, OperatedSample } from '@konferenco/client/operator';
import { Sparkline, useRate } from './sparkline.tsx';
import { rounded, useWords } from './words.ts';

interface Figure {
  readonly label: string;
  /** Of which nodes. */
  readonly of: string;
  readonly now: string;
  readonly value: (sample: OperatedSample) => number | null;
  readonly format: (value: number) => string;
}

/** The four figures that say how much goes on, each with its past. */
export function Now({ system }: { readonly system: KnownSystem }) {
  const { say } = useWords();
  const figures = useFigures(system);
  return (
    <section className="operated" aria-labelledby="operated-now">
      <h2 id="operated-now">{say('now')}</h2>
      <div className="tiles">
        {figures.map(({ label, of, now, value, format }) => (
          <div key={label} className="tile">
            <h3>{label}</h3>
            <p className="tile-value">{now}</p>
            <p className="hint">{of}</p>
            <Sparkline
              label={label}
              points={system.samples.map((sample) => ({ at: sample.at, value: value(sample) }))}
              format={format}
            />
          </div>
        ))}
      </div>
    </section>
  );
}

function useFigures({ nodes, node }: KnownSystem): readonly Figure[] {
  const { say, number } = useWords();
  const rate = useRate();
  const milliseconds = (value: number): string => say('milliseconds', { value: number(rounded(value)) });
  const percent = (value: number): string => say('percent', { value: Math.round(value * 100) });
  const sum = (key: 'connections' | 'publish_per_s' | 'deliver_per_s'): number =>
    nodes.reduce((all, each) => all + each[key], 0);
  const all = say('now.all', { count: nodes.length });
  const own: OperatedNode | undefined = nodes.find(({ name }) => name === node);
  const of = say('now.own', { node });
  const p99 = own?.p99_ms ?? null;
  return [
    {
      label: say('now.connections'),
      of: all,
      now: number(sum('connections')),
      value: (sample) => sample.all.connections,
      format: number,
    },
    {
      label: say('now.in'),
      of: all,
      now: rate(sum('publish_per_s')),
      value: (sample) => sample.all.publish_per_s,
      format: rate,
    },
    {
      label: say('now.out'),
      of: all,
      now: rate(sum('deliver_per_s')),
      value: (sample) => sample.all.deliver_per_s,
      format: rate,
    },
    {
      label: say('now.p99'),
      of,
      now: p99 === null ? say('unknown.quiet') : milliseconds(p99),
      value: (sample) => sample.p99_ms,
      format: milliseconds,
    },
    {
      label: say('now.cpu'),
      of,
      now: own ? percent(own.cpu) : say('unknown'),
      value: (sample) => sample.cpu,
      format: percent,
    },
    {
      label: say('now.queue'),
      of,
      now: own ? number(own.commit_queue) : say('unknown'),
      value: (sample) => sample.commit_queue,
      format: number,
    },
  ];
}

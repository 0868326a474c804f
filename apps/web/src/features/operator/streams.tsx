import type { OperatedStreams } from '@konferenco/client/operator';
import { type Column, Table } from './table.tsx';
import { duration, useWords } from './words.ts';

/** The streams of consumers, how far each consumer is, and what was given up. */
export function Streams({ streams }: { readonly streams: OperatedStreams }) {
  const { say } = useWords();
  return (
    <section className="operated" aria-labelledby="operated-streams">
      <h2 id="operated-streams">{say('streams')}</h2>
      {streams.state === 'none' && <p className="hint">{say('streams.none')}</p>}
      {streams.state === 'away' && <p className="needs-you">{say('streams.away')}</p>}
      {streams.state === 'working' && <Working streams={streams} />}
    </section>
  );
}

type WorkingStreams = Extract<OperatedStreams, { readonly state: 'working' }>;
type Stream = WorkingStreams['streams'][number];

interface Line {
  readonly stream: Stream;
  readonly consumer: Stream['consumers'][number] | null;
}

function Working({ streams: { relay_lag_ms, streams, dead } }: { readonly streams: WorkingStreams }) {
  const { say, number, bytes, exact } = useWords();
  const lines = streams.flatMap((stream): Line[] =>
    stream.consumers.length === 0
      ? [{ stream, consumer: null }]
      : stream.consumers.map((consumer) => ({ stream, consumer })),
  );
  const count = (value: number | undefined): string => (value === undefined ? '–' : number(value));
  const columns: readonly Column<Line>[] = [
    { key: 'stream', head: say('stream'), cell: ({ stream }) => stream.name },
    { key: 'messages', head: say('stream.messages'), cell: ({ stream }) => number(stream.messages), numeric: true },
    { key: 'size', head: say('stream.size'), cell: ({ stream }) => bytes(stream.bytes), numeric: true },
    {
      key: 'consumer',
      head: say('stream.consumer'),
      cell: ({ consumer }) => consumer?.name ?? <span className="hint">{say('stream.no_consumer')}</span>,
    },
    { key: 'pending', head: say('stream.pending'), cell: ({ consumer }) => count(consumer?.pending), numeric: true },
    {
      key: 'hand',
      head: say('stream.unacknowledged'),
      cell: ({ consumer }) => count(consumer?.unacknowledged),
      numeric: true,
    },
    {
      key: 'again',
      head: say('stream.redelivered'),
      cell: ({ consumer }) => count(consumer?.redelivered),
      numeric: true,
    },
  ];
  return (
    <>
      <Table
        caption={say('streams')}
        columns={columns}
        rows={lines}
        keyOf={({ stream, consumer }) => `${stream.name} ${consumer?.name ?? ''}`}
        cards
      />
      <p className="hint">
        {relay_lag_ms === null ? say('streams.other') : say('streams.lag', { time: duration(relay_lag_ms) })}
      </p>
      <h3>{say('dead')}</h3>
      {dead.length === 0 ? (
        <p className="hint">{say('dead.none')}</p>
      ) : (
        <Table
          caption={say('dead')}
          columns={[
            { key: 'which', head: say('dead.which'), cell: (d) => `${d.stream} ${number(d.sequence)}` },
            { key: 'group', head: say('dead.group'), cell: (d) => d.group },
            { key: 'reason', head: say('dead.reason'), cell: (d) => d.reason },
            { key: 'at', head: say('dead.at'), cell: (d) => exact(d.at) },
          ]}
          rows={dead}
          keyOf={(d) => `${d.group} ${d.stream} ${d.sequence}`}
          cards
        />
      )}
    </>
  );
}

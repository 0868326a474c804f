import { type KnownSystem, type OperatedNode, type Operator, PLANNED_NODE } from '@konferenco/client/operator';
import { CircleCheck, CirclePause, CircleAlert } from 'lucide-react';
import { useState } from 'react';
import { DrainDialog } from './drain-dialog.tsx';
import { useRate } from './sparkline.tsx';
import { type Column, Table } from './table.tsx';
import { useAsk } from './use-ask.ts';
import { rounded, useWords } from './words.ts';

interface NodesProps {
  readonly system: KnownSystem;
  readonly operator: Operator;
}

/** Every node with how it is doing, and the way to empty it or let people in again. */
export function Nodes({ system, operator }: NodesProps) {
  const { say } = useWords();
  const [draining, setDraining] = useState<string | null>(null);
  const ask = useAsk();
  const columns = useColumns(system, {
    drain: setDraining,
    open: (node) => void ask(() => operator.open(node), say('open.asked', { node })),
  });
  const node = system.nodes.find(({ name }) => name === draining);
  return (
    <section className="operated" aria-labelledby="operated-nodes">
      <h2 id="operated-nodes">{say('nodes')}</h2>
      <Table caption={say('nodes')} columns={columns} rows={system.nodes} keyOf={({ name }) => name} cards />
      {system.parts.some(({ name, state }) => name === 'nats' && state === 'away') && (
        <p className="needs-you">{say('nodes.apart')}</p>
      )}
      {system.nodes.length > 1 && <p className="hint">{say('nodes.note')}</p>}
      {node && (
        <DrainDialog
          node={node}
          isLast={!system.nodes.some((other) => other.name !== node.name && other.standing === 'open')}
          onClose={() => setDraining(null)}
          onDrain={() => {
            setDraining(null);
            void ask(() => operator.drain(node.name), say('drain.asked', { node: node.name }));
          }}
        />
      )}
    </section>
  );
}

interface Actions {
  readonly drain: (node: string) => void;
  readonly open: (node: string) => void;
}

function useColumns(system: KnownSystem, actions: Actions): readonly Column<OperatedNode>[] {
  const { say, number, bytes } = useWords();
  const rate = useRate();
  const percent = (value: number): string => say('percent', { value: Math.round(value * 100) });
  return [
    { key: 'node', head: say('node'), cell: (node) => <NodeName node={node} system={system} /> },
    { key: 'state', head: say('node.state'), cell: (node) => <Standing node={node} now={system.at} />, wide: true },
    { key: 'connections', head: say('node.connections'), cell: (node) => <Connections node={node} />, wide: true },
    { key: 'users', head: say('node.users'), cell: ({ users }) => number(users), numeric: true },
    { key: 'cpu', head: say('node.cpu'), cell: ({ cpu }) => percent(cpu), numeric: true },
    {
      key: 'memory',
      head: say('node.memory'),
      cell: ({ memory, memory_bytes }) => `${bytes(memory_bytes)}, ${percent(memory)}`,
      numeric: true,
    },
    {
      key: 'p99',
      head: say('node.p99'),
      cell: ({ p99_ms }) =>
        p99_ms === null ? say('unknown.quiet') : say('milliseconds', { value: number(rounded(p99_ms)) }),
      numeric: true,
    },
    { key: 'in', head: say('node.in'), cell: ({ publish_per_s }) => rate(publish_per_s), numeric: true },
    { key: 'out', head: say('node.out'), cell: ({ deliver_per_s }) => rate(deliver_per_s), numeric: true },
    { key: 'queue', head: say('node.queue'), cell: ({ commit_queue }) => number(commit_queue), numeric: true },
    {
      key: 'trouble',
      head: say('node.trouble'),
      cell: ({ drops, faults }) => say('node.trouble.value', { drops, faults }),
      numeric: true,
    },
    { key: 'action', head: say('node.action'), cell: (node) => <Action node={node} actions={actions} />, wide: true },
  ];
}

function NodeName({ node, system }: { readonly node: OperatedNode; readonly system: KnownSystem }) {
  const { say, relative } = useWords();
  const { name, version, started_at } = node;
  return (
    <>
      <bdi>{name}</bdi>
      {name === system.node && <span className="tag">{say('node.this')}</span>}
      <span className="hint sub">{say('node.version', { version, when: relative(started_at, system.at) })}</span>
    </>
  );
}

const MARKS = { open: CircleCheck, draining: CirclePause, suspected: CircleAlert } as const;

function Standing({ node, now }: { readonly node: OperatedNode; readonly now: number }) {
  const { say } = useWords();
  const { standing, drain, heard_at } = node;
  const Mark = MARKS[standing];
  return (
    <span className="standing" data-standing={standing}>
      <Mark size={16} aria-hidden />
      {standing === 'open' && say('standing.open')}
      {standing === 'suspected' && say('standing.suspected', { seconds: Math.round((now - heard_at) / 1_000) })}
      {standing === 'draining' &&
        (drain === undefined
          ? say('standing.draining')
          : drain.phase === 'done'
            ? say('standing.done')
            : say('standing.moving', { left: drain.left, count: drain.connections }))}
    </span>
  );
}

function Connections({ node }: { readonly node: OperatedNode }) {
  const { say, number } = useWords();
  const { name, connections, max_connections } = node;
  const plan = Math.min(PLANNED_NODE.connections, max_connections);
  return (
    <span className="connections">
      <span>
        <b>{number(connections)}</b> <span className="hint">{say('node.of', { most: max_connections, plan })}</span>
      </span>
      <meter
        className="meter"
        aria-label={say('node.meter', { node: name })}
        min={0}
        max={max_connections}
        high={plan}
        optimum={0}
        value={Math.min(connections, max_connections)}
      />
    </span>
  );
}

function Action({ node, actions }: { readonly node: OperatedNode; readonly actions: Actions }) {
  const { say } = useWords();
  const { name, standing } = node;
  const isOpen = standing !== 'draining';
  return (
    <button
      type="button"
      className="button small"
      aria-label={say(isOpen ? 'drain.node' : 'open.node', { node: name })}
      onClick={() => (isOpen ? actions.drain(name) : actions.open(name))}
    >
      {say(isOpen ? 'drain' : 'open')}
    </button>
  );
}

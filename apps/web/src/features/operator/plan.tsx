import {
  type KnownSystem,
  type Load,
  loadOf,
  type NodePlan,
  PLANNED_NODE,
  PLANNED_USAGE,
  type Usage,
} from '@konferenco/client/operator';
import { useId, useState } from 'react';
import { Table } from './table.tsx';
import { rounded, type WordKey, useWords } from './words.ts';

/** The figures of the form, as they were typed. */
type Field = 'users' | 'messages' | 'presence' | 'fan_out' | 'subscriptions' | 'connections' | 'most' | 'burst';
type Typed = Readonly<Record<Field, string>>;

const FIELDS: readonly Field[] = [
  'users',
  'messages',
  'presence',
  'fan_out',
  'subscriptions',
  'connections',
  'most',
  'burst',
];

const PRESET: Typed = {
  users: String(PLANNED_USAGE.users),
  messages: String(PLANNED_USAGE.messages_per_min),
  presence: String(PLANNED_USAGE.presence_per_min),
  fan_out: String(PLANNED_USAGE.fan_out),
  subscriptions: String(PLANNED_USAGE.subscriptions),
  connections: String(PLANNED_NODE.connections),
  most: String(PLANNED_NODE.most),
  burst: '1',
};

interface Calculated {
  readonly users: number;
  readonly load: Load;
  readonly node: NodePlan;
}

/** The load that the figures make; `null` when one of them is no number above 0. */
function calculated(typed: Typed): Calculated | null {
  const value = (field: Field): number => Number(typed[field].replace(',', '.'));
  if (FIELDS.some((field) => !(value(field) > 0 && value(field) <= 1e9))) return null;
  const usage: Usage = {
    users: value('users'),
    messages_per_min: value('messages'),
    presence_per_min: value('presence'),
    fan_out: value('fan_out'),
    subscriptions: value('subscriptions'),
  };
  const node = { ...PLANNED_NODE, connections: value('connections'), most: value('most') };
  return { users: usage.users, load: loadOf(usage, node, value('burst')), node };
}

/** What a number of people asks of the system, beside what it carries now. */
export function Plan({ system }: { readonly system: KnownSystem }) {
  const { say } = useWords();
  const [typed, setTyped] = useState(PRESET);
  const result = calculated(typed);
  const present = system.nodes.reduce((all, { connections }) => all + connections, 0);
  return (
    <section className="operated" aria-labelledby="operated-plan">
      <h2 id="operated-plan">{say('plan')}</h2>
      <p className="hint">{say('plan.lead')}</p>
      <div className="plan">
        <div className="plan-fields">
          <div className="plan-presets">
            <button type="button" className="button small" onClick={() => setTyped(PRESET)}>
              {say('plan.preset')}
            </button>
            {present > 0 && (
              <button
                type="button"
                className="button small"
                onClick={() => setTyped({ ...typed, users: String(present) })}
              >
                {say('plan.present')}
              </button>
            )}
          </div>
          {FIELDS.map((field) => (
            <Figure
              key={field}
              label={say(`plan.${field}`)}
              value={typed[field]}
              onChange={(value) => setTyped({ ...typed, [field]: value })}
            />
          ))}
        </div>
        {result ? (
          <Result {...result} system={system} />
        ) : (
          <p className="error" role="alert">
            {say('plan.bad')}
          </p>
        )}
      </div>
    </section>
  );
}

interface FigureProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Figure({ label, value, onChange }: FigureProps) {
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="field"
        inputMode="decimal"
        autoComplete="off"
        maxLength={12}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </>
  );
}

interface Measure {
  readonly head: WordKey;
  readonly planned: string;
  /** `null`: the system does not measure it. */
  readonly now: string | null;
}

function Result({ system, ...result }: Calculated & { readonly system: KnownSystem }) {
  const { load, node } = result;
  const { say, number } = useWords();
  const { connections, fits } = load.after_one_death;
  const rows = useMeasures(result, system);
  return (
    <div className="plan-result">
      <Table
        caption={say('plan')}
        columns={[
          { key: 'measure', head: say('plan.measure'), cell: ({ head }) => say(head) },
          { key: 'planned', head: say('plan.planned'), cell: ({ planned }) => planned, numeric: true },
          {
            key: 'now',
            head: say('plan.now'),
            cell: ({ now }) => now ?? <span className="hint">{say('unknown')}</span>,
            numeric: true,
          },
        ]}
        rows={rows}
        keyOf={({ head }) => head}
      />
      <p>
        {load.nodes === 1
          ? say('plan.death.alone')
          : `${say('plan.death', { connections })} ${say(fits ? 'plan.death.fits' : 'plan.death.full', { most: number(node.most) })}`}
      </p>
    </div>
  );
}

function useMeasures({ load, users }: Calculated, { nodes }: KnownSystem): readonly Measure[] {
  const { say, number, bytes } = useWords();
  const rate = (value: number): string => say('per_second', { value: number(rounded(value)) });
  const sum = (key: 'publish_per_s' | 'deliver_per_s' | 'connections'): number =>
    nodes.reduce((all, node) => all + node[key], 0);
  return [
    { head: 'plan.users', planned: number(users), now: number(sum('connections')) },
    { head: 'plan.in', planned: rate(load.messages_in), now: rate(sum('publish_per_s')) },
    { head: 'plan.deliveries', planned: rate(load.deliveries), now: rate(sum('deliver_per_s')) },
    { head: 'plan.presence_rate', planned: rate(load.presence), now: null },
    { head: 'plan.total', planned: rate(load.total), now: null },
    { head: 'plan.all_subscriptions', planned: number(load.subscriptions), now: null },
    { head: 'plan.nodes', planned: number(load.nodes), now: number(nodes.length) },
    { head: 'plan.memory', planned: bytes(load.bytes_per_node), now: null },
  ];
}

import type { Registry } from 'prom-client';
import type { PartReport } from '../backends/backends.ts';
import { counter, gauge } from '../backends/figures.ts';
import type { UplinkState } from './home-end.ts';

/** What both ends of an uplink can tell of it. */
export interface UplinkFigures {
  readonly state: () => UplinkState;
  /** Commands for the other side since the start, by what became of them. */
  readonly commands: () => Readonly<Record<string, number>>;
  /** Milliseconds by which the copy is behind; `null`: not known here. */
  readonly behind_ms: () => number | null;
}

/** The uplink as an operator sees it. */
export function uplinkPart({ state, behind_ms }: UplinkFigures): PartReport {
  const { working, behind, fault } = state();
  const lag = behind === null ? '' : `behind by ${behind} commands`;
  const ms = behind_ms();
  const late = ms === null || behind === null || behind === 0 ? '' : `${Math.round(ms)} ms`;
  return {
    name: 'uplink',
    state: working ? 'working' : 'away',
    detail: [fault, lag, late].filter((text) => text !== '').join(', '),
  };
}

export function registerUplink(registry: Registry, figures: UplinkFigures): void {
  const { state, commands, behind_ms } = figures;
  gauge(
    registry,
    {
      name: 'konferenco_part_up',
      help: 'Whether a part outside the node (here: the uplink) can be used: 1 or 0.',
      label: 'part',
    },
    () => ({ uplink: state().working ? 1 : 0 }),
  );
  gauge(
    registry,
    { name: 'konferenco_uplink_behind', help: 'Commands of the venue that its mirror does not have; -1: not known.' },
    () => ({ '': state().behind ?? -1 }),
  );
  gauge(
    registry,
    {
      name: 'konferenco_uplink_behind_seconds',
      help: 'Age of the newest command that the mirror has, while it is behind; -1: not known here.',
    },
    () => ({ '': (behind_ms() ?? -1_000) / 1_000 }),
  );
  counter(
    registry,
    { name: 'konferenco_uplink_bytes_total', help: 'Bytes over the uplink, compressed.', label: 'direction' },
    () => ({ out: state().sent, in: state().received }),
  );
  counter(
    registry,
    { name: 'konferenco_uplink_connects_total', help: 'Times venue and mirror came together.' },
    () => ({
      '': state().connects,
    }),
  );
  counter(
    registry,
    {
      name: 'konferenco_uplink_commands_total',
      help: 'Commands of the mirror that the venue committed, and those that were turned away.',
      label: 'what',
    },
    commands,
  );
}

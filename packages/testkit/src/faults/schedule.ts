import type { SeededRandom } from '../seeded-random.ts';
import type { Direction } from './tcp-proxy.ts';

/** One thing that goes wrong for `ms` milliseconds. */
export type Fault =
  | { readonly kind: 'kill'; readonly target: string; readonly ms: number }
  | { readonly kind: 'restart'; readonly target: string; readonly ms: number }
  | { readonly kind: 'pause'; readonly target: string; readonly ms: number }
  | { readonly kind: 'cut'; readonly link: string; readonly ms: number }
  | { readonly kind: 'refuse'; readonly link: string; readonly ms: number }
  | { readonly kind: 'stall'; readonly link: string; readonly ms: number; readonly direction: Direction | 'both' }
  | { readonly kind: 'silence'; readonly link: string; readonly ms: number; readonly direction: Direction }
  | { readonly kind: 'delay'; readonly link: string; readonly ms: number; readonly by_ms: number }
  | { readonly kind: 'throttle'; readonly link: string; readonly ms: number; readonly bytes_per_s: number }
  | { readonly kind: 'fill_disk'; readonly disk: string; readonly ms: number };

export type FaultKind = Fault['kind'];

/** Faults that begin together, and the quiet time after all are healed. */
export interface Step {
  readonly number: number;
  readonly faults: readonly Fault[];
  readonly rest_ms: number;
}

/** What can fail, by name. */
export interface Targets {
  readonly processes: readonly string[];
  /** Those among them that can be asked to end in order. */
  readonly stoppable: readonly string[];
  readonly links: readonly string[];
  readonly disks: readonly string[];
}

export interface ScheduleOptions {
  readonly targets: Targets;
  readonly random: SeededRandom;
  /** Longest fault, in milliseconds. */
  readonly longest_ms: number;
}

const SHORTEST_MS = 500;
const REST_MS = [300, 3_000] as const;
/** How often two things fail at once. */
const TOGETHER = 0.25;

/** An endless schedule of faults: the same again for the same seed and the same targets, whatever the system does. */
export function* schedule(options: ScheduleOptions): Generator<Step, never> {
  const { random, longest_ms } = options;
  for (let number = 1; ; number++) {
    const first = nextFault(options);
    const second = random.chance(TOGETHER) ? nextFault(options) : null;
    const faults = second && areIndependent(first, second) ? [first, second] : [first];
    yield { number, faults, rest_ms: random.int(REST_MS[0], Math.min(REST_MS[1], REST_MS[0] + longest_ms)) };
  }
}

/** Two that touch the same thing, or a full disk and a start that needs room, would not be healed apart. */
function areIndependent(a: Fault, b: Fault): boolean {
  return placeOf(a) !== placeOf(b) && a.kind !== 'fill_disk' && b.kind !== 'fill_disk';
}

export function placeOf(fault: Fault): string {
  if ('target' in fault) return fault.target;
  return 'link' in fault ? fault.link : `the disk of ${fault.disk}`;
}

const OF_PROCESSES: readonly FaultKind[] = ['kill', 'kill', 'pause', 'pause', 'restart'];
const OF_LINKS: readonly FaultKind[] = ['cut', 'cut', 'refuse', 'stall', 'stall', 'silence', 'delay', 'throttle'];

function nextFault({ targets, random, longest_ms }: ScheduleOptions): Fault {
  const kinds = [
    ...(targets.processes.length > 0 ? OF_PROCESSES : []),
    ...(targets.links.length > 0 ? OF_LINKS : []),
    ...targets.disks.map(() => 'fill_disk' as const),
  ];
  const ms = Math.round(SHORTEST_MS + random.next() ** 2 * (longest_ms - SHORTEST_MS));
  return faultOf(random.pick(kinds), ms, { targets, random });
}

function faultOf(kind: FaultKind, ms: number, { targets, random }: Pick<ScheduleOptions, 'targets' | 'random'>): Fault {
  switch (kind) {
    case 'kill':
    case 'pause':
      return { kind, target: random.pick(targets.processes), ms };
    case 'restart': {
      const candidates = targets.stoppable.length > 0 ? targets.stoppable : targets.processes;
      return { kind, target: random.pick(candidates), ms: 0 };
    }
    case 'cut':
      return { kind, link: random.pick(targets.links), ms: 0 };
    case 'refuse':
      return { kind, link: random.pick(targets.links), ms };
    case 'stall':
      return { kind, link: random.pick(targets.links), ms, direction: random.pick(['up', 'down', 'both'] as const) };
    case 'silence':
      return { kind, link: random.pick(targets.links), ms, direction: random.pick(['up', 'down'] as const) };
    case 'delay':
      return { kind, link: random.pick(targets.links), ms, by_ms: random.int(20, 500) };
    case 'throttle':
      return { kind, link: random.pick(targets.links), ms, bytes_per_s: random.int(2_000, 200_000) };
    case 'fill_disk':
      return { kind, disk: random.pick(targets.disks), ms };
  }
}

/** A fault in words, for those who watch a run. */
export function describeFault(fault: Fault): string {
  const time = fault.ms > 0 ? ` for ${(fault.ms / 1000).toFixed(1)} s` : '';
  switch (fault.kind) {
    case 'kill':
      return `kill -9 ${fault.target}, down${time}`;
    case 'restart':
      return `restart ${fault.target}`;
    case 'pause':
      return `pause ${fault.target}${time}`;
    case 'cut':
      return `cut all connections of ${fault.link}`;
    case 'refuse':
      return `refuse connections of ${fault.link}${time}`;
    case 'stall':
      return `stall ${fault.link} (${fault.direction})${time}`;
    case 'silence':
      return `lose everything ${fault.direction} ${fault.link}${time}`;
    case 'delay':
      return `delay ${fault.link} by ${fault.by_ms} ms${time}`;
    case 'throttle':
      return `throttle ${fault.link} to ${fault.bytes_per_s} B/s a connection${time}`;
    case 'fill_disk':
      return `fill the disk of ${fault.disk}${time}`;
  }
}

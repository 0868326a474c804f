import type { KnownSystem, OperatedEvent } from '@konferenco/client/operator';
import type { Speech } from './words.ts';

/** How long a node that was lost is spoken of, in ms: another may have taken its place under another name. */
const LOST_MS = 900_000;

export interface Health {
  readonly isGood: boolean;
  /** Sentences, the gravest first. */
  readonly words: readonly string[];
}

/** How the system is doing, in words. They change only when its state does, so that they may be read aloud. */
export function healthOf(system: KnownSystem, { say, clock }: Pick<Speech, 'say' | 'clock'>): Health {
  const { nodes, parts, events, node } = system;
  const lasting = (name: string) =>
    events.find(({ what, subject, until }) => what === 'part_away' && subject === name && until === null);
  const away = parts
    .filter(({ state }) => state === 'away')
    .map(({ name }) => {
      const rung = lasting(name)?.rung;
      return say('health.part', { part: say(`part.${name}`), rung: rung ? say(`rung.${rung}`) : '' }).trim();
    });
  const words = [
    ...(events.some(({ what }) => what === 'damage') ? [say('health.damage')] : []),
    ...away,
    ...lostNodes(system).map(({ subject, at }) => say('health.gone', { node: subject, time: clock(at) })),
    ...nodes.filter(({ standing }) => standing === 'suspected').map(({ name }) => say('health.node', { node: name })),
    ...nodes.filter(({ standing }) => standing === 'draining').map(({ name }) => say('health.drain', { node: name })),
    ...(events.some(({ what, subject }) => what === 'node_namesake' && subject === node)
      ? [say('health.namesake')]
      : []),
  ];
  return words.length > 0
    ? { isGood: false, words }
    : { isGood: true, words: [say('health.good', { count: nodes.length })] };
}

/** Nodes that went without a word and did not come back; none while NATS is away, because then nobody is heard. */
function lostNodes({ nodes, parts, events, at }: KnownSystem): readonly OperatedEvent[] {
  if (parts.some(({ name, state }) => name === 'nats' && state === 'away')) return [];
  const here = new Set(nodes.map(({ name }) => name));
  const spoken = new Set<string>();
  return events.filter(({ what, subject, at: when }) => {
    if (!what.startsWith('node_') || here.has(subject) || spoken.has(subject)) return false;
    spoken.add(subject);
    return what === 'node_gone' && at - when < LOST_MS;
  });
}

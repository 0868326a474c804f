import type { KnownSystem } from '@konferenco/client/operator';
import type { Say } from './words.ts';

export interface Health {
  readonly isGood: boolean;
  /** Sentences, the gravest first. */
  readonly words: readonly string[];
}

/** How the system is doing, in words. They change only when its state does, so that they may be read aloud. */
export function healthOf({ nodes, parts, events, node }: KnownSystem, say: Say): Health {
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

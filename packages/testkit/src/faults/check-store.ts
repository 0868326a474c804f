import type { LogName } from '@konferenco/protocol';
import type { LogStored } from './history.ts';
import { type HistoryIndex, nameOf, type Operation } from './history-index.ts';
import type { Violation } from './violation.ts';

interface Place {
  readonly log: LogName;
  readonly offset: number;
}

/** Every acknowledged message is stored once where it was acknowledged, unaltered; nothing else is stored. */
export function checkStore(index: HistoryIndex): Violation[] {
  const places = placesOf(index);
  return [
    ...[...index.stored.values()].flatMap(checkOffsets),
    ...[...index.stored.values()].flatMap((log) => checkEntries(index, log)),
    ...index.operations.flatMap((operation) => checkOperation(index, operation, places.get(operation.id) ?? [])),
    ...checkRead(index),
  ];
}

function placesOf({ stored }: HistoryIndex): ReadonlyMap<string, Place[]> {
  const places = new Map<string, Place[]>();
  for (const { log, entries } of stored.values()) {
    for (const { id, offset } of entries) {
      const known = places.get(id);
      if (known) known.push({ log, offset });
      else places.set(id, [{ log, offset }]);
    }
  }
  return places;
}

/** Offsets run from `first` to `head` without a hole. */
function checkOffsets({ log, first, head, entries }: LogStored): Violation[] {
  const begin = entries.length === 0 && head === 0 ? 1 : first;
  const wrong = entries.findIndex(({ offset }, place) => offset !== begin + place);
  if (wrong >= 0)
    return [
      { kind: 'offset_hole', log, words: `${log} has @${entries[wrong]?.offset} where @${begin + wrong} belongs` },
    ];
  if (entries.length !== head - begin + 1)
    return [
      {
        kind: 'offset_hole',
        log,
        words: `${log} says it reaches to @${head} and ends at @${entries.at(-1)?.offset ?? 0}`,
      },
    ];
  return [];
}

function checkEntries({ byId }: HistoryIndex, { log, entries }: LogStored): Violation[] {
  return entries.flatMap((entry): Violation[] => {
    const operation = byId.get(entry.id);
    const about = `${log} @${entry.offset} (id ${entry.id}, by ${entry.sender})`;
    if (entry.system) return [];
    if (!operation) return [{ kind: 'phantom', log, words: `${about} was sent by nobody` }];
    if (entry.sender !== operation.user || (!entry.gone && entry.body !== operation.body))
      return [{ kind: 'altered', log, words: `${about} is not what ${nameOf(operation)} said` }];
    return [];
  });
}

function checkOperation(index: HistoryIndex, operation: Operation, places: readonly Place[]): Violation[] {
  const { log, outcome } = operation;
  const at = places.map((place) => `${place.log} @${place.offset}`).join(', ');
  const violations: Violation[] = [];
  if (places.length > 1) violations.push({ kind: 'double', log, words: `${nameOf(operation)} is stored at ${at}` });
  switch (outcome.kind) {
    case 'ok': {
      const promised = `${nameOf(operation)}, acknowledged at ${outcome.log} @${outcome.offset},`;
      const isTrimmed = outcome.offset < (index.stored.get(outcome.log)?.first ?? 0);
      if (places.length === 0 && !isTrimmed) violations.push({ kind: 'lost', log, words: `${promised} is not stored` });
      if (places.length === 1 && (places[0]?.log !== outcome.log || places[0].offset !== outcome.offset))
        violations.push({ kind: 'wrong_offset', log, words: `${promised} is stored at ${at}` });
      break;
    }
    case 'refused':
      if (places.length > 0)
        violations.push({
          kind: 'refused_but_stored',
          log,
          words: `${nameOf(operation)}, refused as ${outcome.error}, is stored at ${at}`,
        });
      break;
    case 'unknown':
      if (places.length > 0 && places.every((place) => place.log !== log))
        violations.push({ kind: 'wrong_offset', log, words: `${nameOf(operation)} is stored at ${at}` });
      break;
    case 'open':
      violations.push({ kind: 'unanswered', log, words: `${nameOf(operation)} was never completed` });
      break;
  }
  return violations;
}

/** What was not read proves nothing. */
function checkRead({ operations, stored }: HistoryIndex): Violation[] {
  const written = new Set(operations.map(({ log }) => log));
  return [...written]
    .filter((log) => !stored.has(log))
    .map((log) => ({ kind: 'unread', log, words: `${log} was written to and is missing from the final read` }));
}

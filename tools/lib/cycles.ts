/**
 * The cycles of an import graph, each once, starting from its alphabetically first file.
 *
 * Walks depth first and reports the path back to any file still being visited; enough to break every cycle, not an
 * enumeration of all of them.
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const path: string[] = [];
  const cycles = new Map<string, string[]>();
  const visit = (file: string): void => {
    const seenAt = path.indexOf(file);
    if (seenAt >= 0) {
      const cycle = fromSmallest(path.slice(seenAt));
      cycles.set(cycle.join('\n'), cycle);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of [...graph.keys()].sort()) visit(file);
  return [...cycles.values()].map((cycle) => [...cycle, cycle[0] ?? '']);
}

function fromSmallest(cycle: readonly string[]): string[] {
  const smallest = cycle.indexOf([...cycle].sort()[0] ?? '');
  return [...cycle.slice(smallest), ...cycle.slice(0, smallest)];
}

/** String order by UTF-16 units, the one order every runtime agrees on. */
export function compareStrings(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Each node once, sorted, so that rows name it by a small number. */
export function nodeTable(nodes: Iterable<string>): {
  readonly nodes: readonly string[];
  readonly indexOf: (node: string) => number;
} {
  const sorted = [...new Set(nodes)].sort(compareStrings);
  const indexes = new Map(sorted.map((node, index) => [node, index]));
  return { nodes: sorted, indexOf: (node) => indexes.get(node) ?? -1 };
}

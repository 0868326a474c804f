import type { RGAOperation, RGAPosition } from '../rga-operation.ts';

interface Node {
  readonly ref: string;
  readonly element: string;
  readonly timestamp: number;
  readonly node: string;
  readonly position: RGAPosition;
}

/**
 * The definition of the sequence, read from the set of all operations, slowly: a tree of positions, traversed; of several
 * on one side the newest is nearest; an element is at its newest position that hangs on the tree.
 */
export function naiveSequence<T>(operations: readonly RGAOperation<T>[]): (readonly [id: string, content: T])[] {
  const nodes = operations.flatMap((operation): Node[] => {
    if (operation.op === 'insert') return [{ ...operation, ref: operation.id, element: operation.id }];
    if (operation.op !== 'move') return [];
    return [{ ...operation, ref: `${operation.id},${operation.timestamp},${operation.node}`, element: operation.id }];
  });
  const unique = [...new Map(nodes.map((node) => [node.ref, node])).values()];
  const order: Node[] = [];
  const visit = (ref: string | null, self: Node | null) => {
    const beside = (side: 'before' | 'after') =>
      unique
        .filter(({ position }) => side in position && (position as Record<string, unknown>)[side] === ref)
        .sort(byAge);
    for (const child of beside('before')) visit(child.ref, child);
    if (self) order.push(self);
    for (const child of beside('after').reverse()) visit(child.ref, child);
  };
  visit(null, null);
  const removed = new Set(operations.flatMap((operation) => (operation.op === 'remove' ? [operation.id] : [])));
  return order
    .filter(
      (node) =>
        !removed.has(node.element) &&
        order
          .filter((o) => o.element === node.element)
          .sort(byAge)
          .at(-1) === node,
    )
    .flatMap(({ element }) => {
      const inserted = operations.some((operation) => operation.op === 'insert' && operation.id === element);
      return inserted ? [[element, contentOf(operations, element)] as const] : [];
    });
}

function contentOf<T>(operations: readonly RGAOperation<T>[], id: string): T {
  const writes = operations.flatMap((operation) =>
    (operation.op === 'insert' || operation.op === 'set') && operation.id === id ? [operation] : [],
  );
  const text = (value: T) => JSON.stringify(value);
  writes.sort(
    (a, b) =>
      a.timestamp - b.timestamp ||
      (a.node < b.node ? -1 : a.node > b.node ? 1 : 0) ||
      (text(a.content) < text(b.content) ? -1 : 1),
  );
  return (writes.at(-1) as { content: T }).content;
}

function byAge(a: Node, b: Node): number {
  if (a.timestamp !== b.timestamp) return a.timestamp - b.timestamp;
  if (a.node !== b.node) return a.node < b.node ? -1 : 1;
  return a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0;
}

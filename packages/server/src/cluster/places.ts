import { type KnownNode, Placement, type Visitor } from '@konferenco/core';

export interface PlaceRequest extends Visitor {
  /** The node that was answered last time, if it still binds. */
  readonly sticky?: string | undefined;
}

/** Where a socket goes. */
export interface Place {
  /** `null`: this node knows of none that takes people, not even itself. */
  readonly node: string | null;
  /** `http(s)://host[:port]` of that node; `null`: the common address. */
  readonly url: string | null;
  /** Whether there was a choice, so that it is worth remembering. */
  readonly isChoice: boolean;
  /** Whether the request's `sticky` decided. */
  readonly isSticky: boolean;
}

/** Chooses places by the table of nodes; worked out anew when somebody asks after it changed. */
export class Places {
  readonly #table: () => readonly KnownNode[];
  #known: Known | null = null;
  /** People sent to each node since its latest report, by that report's number. */
  #sent: ReadonlyMap<string, Sent> = new Map();

  /** @param table every node that is not gone. */
  constructor(table: () => readonly KnownNode[]) {
    this.#table = table;
  }

  /** The table is another one now. */
  changed(): void {
    this.#known = null;
  }

  /** Origins at which clients reach single nodes. */
  get origins(): readonly string[] {
    return this.#current().origins;
  }

  place({ sticky, ...visitor }: PlaceRequest): Place {
    const { nodes, placement } = this.#current();
    const binding = this.#binding(nodes, sticky, visitor.avoid);
    const node = binding ?? placement.choose(visitor);
    const report = node === null ? undefined : nodes.get(node)?.report;
    if (node !== null) {
      placement.sent(node);
      const sent = this.#sent.get(node);
      if (sent) sent.count++;
    }
    return { node, url: report?.url ?? null, isChoice: nodes.size > 1, isSticky: binding !== null };
  }

  /** The node that was answered last time, while it is open and has room. */
  #binding(
    nodes: ReadonlyMap<string, KnownNode>,
    sticky: string | undefined,
    avoid: readonly string[] = [],
  ): string | null {
    const node = sticky === undefined || avoid.includes(sticky) ? undefined : nodes.get(sticky);
    if (node?.standing !== 'open') return null;
    return node.report.connections < node.report.max_connections ? node.report.name : null;
  }

  #current(): Known {
    this.#known ??= this.#prepare();
    return this.#known;
  }

  #prepare(): Known {
    const nodes = this.#table();
    this.#sent = new Map(
      nodes.map(({ report: { name, seq } }) => {
        const before = this.#sent.get(name);
        return [name, before?.seq === seq ? before : { seq, count: 0 }];
      }),
    );
    const takers = nodes.filter(({ standing }) => standing === 'open');
    const urls = nodes.flatMap(({ report: { url } }) =>
      url === null || !URL.canParse(url) ? [] : [new URL(url).origin],
    );
    return {
      nodes: new Map(nodes.map((node) => [node.report.name, node])),
      placement: new Placement(
        takers.map(({ report: { name, connections, max_connections } }) => {
          return { name, capacity: max_connections, connections: connections + (this.#sent.get(name)?.count ?? 0) };
        }),
      ),
      origins: [...new Set(urls)],
    };
  }
}

interface Sent {
  readonly seq: number;
  count: number;
}

/** What follows from one state of the table. */
interface Known {
  readonly nodes: ReadonlyMap<string, KnownNode>;
  readonly placement: Placement;
  readonly origins: readonly string[];
}

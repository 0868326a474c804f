/** How many people use a system, and how. Rates are of one user and minute. */
export interface Usage {
  readonly users: number;
  readonly messages_per_min: number;
  readonly presence_per_min: number;
  /** Receivers of one message, on average. */
  readonly fan_out: number;
  /** Logs one user hears. */
  readonly subscriptions: number;
}

/** What one node is planned for. */
export interface NodePlan {
  /** Connections at which another node is started (S4). */
  readonly connections: number;
  /** The most a node takes, also when others die. */
  readonly most: number;
  /** Resident bytes of one connection. */
  readonly bytes_per_connection: number;
}

/** Rates a second, and how many nodes carry them. */
export interface Load {
  readonly messages_in: number;
  readonly deliveries: number;
  readonly presence: number;
  /** All of these. */
  readonly total: number;
  readonly subscriptions: number;
  readonly nodes: number;
  /** What each of the others has to take when one node dies, and whether it may. */
  readonly after_one_death: { readonly connections: number; readonly fits: boolean };
  /** Resident bytes of the connections of one full node. */
  readonly bytes_per_node: number;
}

/** The plan for an event of 100,000 (S2): 2 messages and 0.5 presence updates a user and minute, heard by ten, five channels each. */
export const PLANNED_USAGE: Usage = {
  users: 100_000,
  messages_per_min: 2,
  presence_per_min: 0.5,
  fan_out: 10,
  subscriptions: 5,
};

export const PLANNED_NODE: NodePlan = { connections: 4_000, most: 10_000, bytes_per_connection: 4_096 };

/** @param burst how many times the usual rates; users stay the same (S2 plans for 3). */
export function loadOf(usage: Usage, node: NodePlan = PLANNED_NODE, burst = 1): Load {
  const messages_in = Math.ceil((usage.users * usage.messages_per_min * burst) / 60);
  const presence = Math.ceil((usage.users * usage.presence_per_min * burst) / 60);
  const deliveries = messages_in * usage.fan_out;
  const nodes = Math.max(1, Math.ceil(usage.users / node.connections));
  const each = Math.ceil(usage.users / Math.max(1, nodes - 1));
  return {
    messages_in,
    deliveries,
    presence,
    total: messages_in + deliveries + presence,
    subscriptions: usage.users * usage.subscriptions,
    nodes,
    after_one_death: { connections: each, fits: nodes > 1 && each <= node.most },
    bytes_per_node: Math.min(usage.users, node.connections) * node.bytes_per_connection,
  };
}

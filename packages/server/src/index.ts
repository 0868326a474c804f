export { createDirectory, type Directory } from './accounts/directory.ts';
export { createMemoryDisk, createMemoryStore, type MemoryDisk, type MemoryStore } from './adapters/memory/store.ts';
export type { Connection } from './gateway/connection.ts';
export type { Encoding, Socket as GatewaySocket, TopicPublisher } from './gateway/socket.ts';
export { createNode, type Node, type NodeDeps, type NodeOptions } from './node.ts';

export { createContext } from './accounts/context.ts';
export { createDirectory, type Directory } from './accounts/directory.ts';
export { createMemoryDisk, createMemoryStore, type MemoryDisk, type MemoryStore } from './adapters/memory/store.ts';
export { loadConfig } from './config/load.ts';
export type { Config } from './config/options.ts';
export type { Encoding, Socket as GatewaySocket, TopicPublisher } from './gateway/socket.ts';
export { createNode, type Node, type NodeDeps, type NodeOptions } from './node.ts';
export { createLog } from './observability/log.ts';
export { type RunningServer, startServer } from './start.ts';

export { Crowd, type CrowdFigures, type CrowdOptions } from './crowd.ts';
export { SeededRandom } from './seeded-random.ts';
export { SimulatedDirectory } from './simulated-directory.ts';
export { type NetworkFaults, SimulatedBus, SimulatedPipe } from './simulated-network.ts';
export {
  SIMULATED_EVENT,
  type SimulatedServer,
  type SimulatedServerOptions,
  startSimulatedServer,
} from './simulated-server.ts';
export { SimulatedSockets, type SocketHandler, type SocketServer } from './simulated-sockets.ts';
export { distantStore } from './simulated-store.ts';
export { ProcessClock, settled, VirtualClock } from './virtual-clock.ts';
export { TestClient, type TestClientOptions, type TestMessage } from './test-client.ts';
export { type ServerMetrics, TestServer, type TestServerOptions } from './test-server.ts';

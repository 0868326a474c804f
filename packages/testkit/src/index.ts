export { SeededRandom } from './seeded-random.ts';
export { type NetworkFaults, SimulatedBus, SimulatedPipe } from './simulated-network.ts';
export { SIMULATED_EVENT, type SimulatedServer, type SimulatedServerOptions, startSimulatedServer } from './simulated-server.ts';
export { SimulatedSockets, type SocketHandler, type SocketServer } from './simulated-sockets.ts';
export { settled, VirtualClock } from './virtual-clock.ts';

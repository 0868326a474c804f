export * from './ports/access.ts';
export * from './ports/authenticator.ts';
export * from './ports/bus.ts';
export * from './ports/clock.ts';
export * from './ports/random.ts';
export * from './ports/store.ts';

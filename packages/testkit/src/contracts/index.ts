export * from './bus-contract.ts';
export * from './clock-contract.ts';
export * from './local-store-contract.ts';
export * from './random-contract.ts';
export * from './store-contract.ts';

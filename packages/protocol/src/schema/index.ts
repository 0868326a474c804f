export * from './client-frame.ts';
export { decodeClientFrame, decodeShortFrame, isBoundedJson, payloadError, type Decoded } from './decode.ts';
export * from './envelope.ts';
export * from './operation.ts';
export * from './payload.ts';
export * from './rest.ts';
export * from './server-frame.ts';
export * from './transport.ts';

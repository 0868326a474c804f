export { browserPositions } from './browser-positions.ts';
export { openPositionSender, type OpenPositionSenderOptions } from './position-sender.ts';
export type * from './types.ts';

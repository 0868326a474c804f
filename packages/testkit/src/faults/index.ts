export { checkHistory, type Verdict } from './checker.ts';
export type * from './history.ts';
export { type Happening, HistoryFile, readHistory } from './history-file.ts';
export type { Counts } from './history-index.ts';
export { type Direction, TcpProxy, type TcpProxyOptions } from './tcp-proxy.ts';
export { VIOLATIONS, type Violation, type ViolationKind } from './violation.ts';

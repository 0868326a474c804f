export { CausalStability, type CausalStabilityState } from './causal-stability.ts';
export { type Dot, type DotParts, dot, isNode, parseDot } from './dot.ts';
export { CrdtFormatError, CrdtLimitError } from './errors.ts';
export { isKey, keyBetween } from './fractional-index.ts';
export { HybridLogicalClock, type HybridLogicalClockOptions, MAX_AHEAD_MS } from './hybrid-logical-clock.ts';
export { LWWElementSet, type LWWElementSetOperation, type LWWElementSetState } from './lww-element-set.ts';
export { LWWMap, type LWWMapOperation, type LWWMapState } from './lww-map.ts';
export { LWWRegister, type LWWRegisterState } from './lww-register.ts';
export {
  MIN_TOMBSTONE_AGE_MS,
  ORSet,
  type ORSetAdd,
  type ORSetCollection,
  type ORSetOperation,
  type ORSetRemove,
} from './or-set.ts';
export type { ORSetState } from './or-set-state.ts';
export { MAX_NODE_COUNT, PNCounter, type PNCounterOperation, type PNCounterState } from './pn-counter.ts';
export type { RGAInsert, RGAMove, RGAOperation, RGAOutcome, RGAPosition, RGARemove, RGASet } from './rga-operation.ts';
export { MAX_HELD, type RGAOptions, RGASequence } from './rga-sequence.ts';
export type { RGAState } from './rga-state.ts';
export { compareStamps, type Stamp, type Stamped } from './stamp.ts';
export { isTimestamp, type Timestamp, timestampOf, wallOf } from './timestamp.ts';
export { MAX_VECTOR_ENTRIES, type VectorOrder, VersionVector } from './version-vector.ts';

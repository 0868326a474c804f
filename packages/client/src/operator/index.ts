export { type Load, loadOf, type NodePlan, PLANNED_NODE, PLANNED_USAGE, type Usage } from '@konferenco/core';
export type {
  OperatedEvent,
  OperatedMessages,
  OperatedNode,
  OperatedPart,
  OperatedRung,
  OperatedSample,
  OperatedStreams,
  OperatorView,
} from '@konferenco/protocol';
export type { KnownSystem } from './known.ts';
export { type OpenOperatorOptions, openOperator, type Operator, type OperatorState } from './open-operator.ts';

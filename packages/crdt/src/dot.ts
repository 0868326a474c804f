import { CrdtFormatError } from './errors.ts';

/** The identity of one operation: `node:sequence`, where a node never uses a sequence twice. Sequences begin at 1. */
export type Dot = string;

export interface DotParts {
  readonly node: string;
  readonly sequence: number;
}

const MAX_NODE_LENGTH = 256;
const NODE = /^[^:,]+$/;
const SEQUENCE = /^[1-9][0-9]{0,15}$/;

/** A node id is not empty, has at most 256 characters, and none of them is `:` or `,`. */
export function isNode(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NODE_LENGTH && NODE.test(value);
}

/** @throws {CrdtFormatError} */
export function assertNode(node: unknown): asserts node is string {
  if (!isNode(node)) throw new CrdtFormatError(`not a node id: ${shown(node)}`);
}

/** @throws {CrdtFormatError} `node` is no node id, or `sequence` no integer from 1. */
export function dot(node: string, sequence: number): Dot {
  assertNode(node);
  if (!Number.isSafeInteger(sequence) || sequence < 1) throw new CrdtFormatError(`not a sequence: ${sequence}`);
  return `${node}:${sequence}`;
}

/** @throws {CrdtFormatError} */
export function parseDot(text: Dot): DotParts {
  const parts = dotParts(text);
  if (!parts) throw new CrdtFormatError(`not a dot: ${shown(text)}`);
  return parts;
}

/** The parts of a dot, or `null` when it is something else. One spelling each: `a:01` is no dot. */
export function dotParts(text: string): DotParts | null {
  const colon = text.indexOf(':');
  if (colon < 1) return null;
  const node = text.slice(0, colon);
  const digits = text.slice(colon + 1);
  if (!isNode(node) || !SEQUENCE.test(digits)) return null;
  const sequence = Number(digits);
  return Number.isSafeInteger(sequence) ? { node, sequence } : null;
}

/** Rubbish as it may stand in a message: short. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : typeof value;
}

import type { LogName } from '@konferenco/protocol';

/** What a history can show to be wrong, by name. */
export const VIOLATIONS = {
  lost: 'an acknowledged message is not stored',
  wrong_offset: 'a message is stored at another place than was acknowledged',
  double: 'a message is stored more than once',
  phantom: 'something is stored that nobody sent',
  altered: 'a message is stored with another body than was sent',
  refused_but_stored: 'a refused message is stored',
  offset_hole: "a log's offsets have a hole or a repetition",
  reorder: "a sender's messages stand in another order than they were sent",
  time_travel: 'a message stands before one that was acknowledged before it was sent',
  never_delivered: 'a subscriber was never told of an entry',
  hole: 'a subscriber was told of later entries, and of no gap between',
  delivered_twice: 'a subscriber was told of an entry twice',
  delivered_out_of_order: 'a subscriber was told of an entry after a later one',
  delivered_altered: 'a subscriber was told something else than is stored',
  delivered_phantom: 'a subscriber was told of an entry that is not stored',
  delivered_early: 'a subscriber was told of a message before it was sent',
  false_gap: 'a gap marker names what was never said, or blames retention for what is still there',
  cross_delivery: 'somebody was sent what they have no right to read',
  inbox_missing: 'a direct message is not in the inbox of one of its people',
  inbox_double: 'a direct message is in an inbox more than once',
  inbox_foreign: 'an inbox points at what is not its owner’s',
  effect_lost: 'a stored operation has no effect where somebody looks',
  effect_doubled: 'an operation took effect more than once',
  effect_phantom: 'something shows that nobody did, or that was taken back',
  unanswered: 'an operation was never completed',
  unread: 'a log that was written to was not read at the end',
} as const;

export type ViolationKind = keyof typeof VIOLATIONS;

export interface Violation {
  readonly kind: ViolationKind;
  readonly log: LogName;
  /** What exactly, with the operations, sessions and offsets concerned. */
  readonly words: string;
}

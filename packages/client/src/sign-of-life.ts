import { LIMITS } from '@konferenco/protocol';

/**
 * Whether a heartbeat has to be answered: not when something was sent so lately that the next heartbeat comes in time to answer
 * (PR-12). Times in ms of the device's clock, which may be set at any moment.
 */
export function isAnswerDue(saidAt: number, now: number): boolean {
  return now < saidAt || now - saidAt >= LIMITS.answer_after_ms;
}

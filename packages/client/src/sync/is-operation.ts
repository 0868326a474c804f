import type { Envelope } from '@konferenco/protocol';

/** Whether an envelope carries an operation on replicated state. */
export function isOperation({ type }: Pick<Envelope, 'type'>): boolean {
  return type === 'state' || type === 'meeting' || type === 'schedule';
}

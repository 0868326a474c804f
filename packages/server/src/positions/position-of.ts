import type { PositionOf } from '@konferenco/core';
import type { Envelope, OwnPosition } from '@konferenco/protocol';

/** Whether an envelope says where its sender is. */
export function isPosition({ type, subtype }: Pick<Envelope, 'type' | 'subtype'>): boolean {
  return type === 'location' && subtype === 'position_update';
}

/** What an envelope that was stored at `at` (Unix ms) says of where its sender is; `null`: nothing, or it is sealed. */
export function positionOf(envelope: Envelope, at: number): PositionOf | null {
  if (!isPosition(envelope) || envelope.encrypted) return null;
  // The payload's form was checked against its subtype.
  const { lat, lng, accuracy_m, zone } = envelope.payload as OwnPosition;
  return {
    ...{ id: envelope.id, user: envelope.from.user_id, at },
    ...(lat === undefined || lng === undefined ? {} : { lat, lng }),
    ...(accuracy_m === undefined ? {} : { accuracy_m }),
    ...(zone === undefined ? {} : { zone }),
  };
}

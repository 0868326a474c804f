import Type, { type Static } from 'typebox';
import { Id, UnixMs, Uuid } from './envelope.ts';
import type { Route } from './route.ts';

/** Where somebody is, as their own device says it; and what the server keeps of that for them. */

const point = {
  lat: Type.Number({ minimum: -90, maximum: 90, description: 'Degrees, WGS 84.' }),
  lng: Type.Number({ minimum: -180, maximum: 180 }),
};
const Accuracy = Type.Optional(Type.Number({ minimum: 0, maximum: 100_000, description: 'Radius in metres.' }));

/** A point, a zone of the venue, or both. */
export const PositionPayload = Type.Union([
  Type.Object({ ...point, accuracy_m: Accuracy, zone: Type.Optional(Id) }),
  Type.Object({ zone: Id, accuracy_m: Accuracy }),
]);
export type PositionPayload = Static<typeof PositionPayload>;

export const OwnPosition = Type.Object({
  id: Uuid,
  at: UnixMs,
  lat: Type.Optional(point.lat),
  lng: Type.Optional(point.lng),
  accuracy_m: Accuracy,
  zone: Type.Optional(Id),
});
export type OwnPosition = Static<typeof OwnPosition>;

export const PositionConsent = Type.Object({
  given_at: UnixMs,
  device: Type.String({ description: 'The device it was given on.' }),
});
export type PositionConsent = Static<typeof PositionConsent>;

export const POSITION_ROUTES = {
  positions: {
    method: 'GET',
    path: '/api/me/positions',
    auth: 'user',
    summary: 'Where I was in the last 24 hours, oldest first, and whether I let it be kept.',
    query: Type.Object({
      from: Type.Optional(UnixMs),
      to: Type.Optional(UnixMs),
      after: Type.Optional(Type.String({ maxLength: 64 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    }),
    response: Type.Object({
      consent: Type.Optional(PositionConsent),
      items: Type.Array(OwnPosition),
      next: Type.Optional(Type.String()),
    }),
  },
  erasePositions: {
    method: 'DELETE',
    path: '/api/me/positions',
    auth: 'user',
    summary: 'Erase where I was, at once.',
    response: Type.Object({}),
  },
  allowPositions: {
    method: 'PUT',
    path: '/api/me/positions/consent',
    auth: 'user',
    summary: 'Let my positions be kept for 24 hours, for me alone.',
    response: PositionConsent,
  },
  withdrawPositions: {
    method: 'DELETE',
    path: '/api/me/positions/consent',
    auth: 'user',
    summary: 'Let nothing more be kept, and erase what is.',
    response: Type.Object({}),
  },
} as const satisfies Record<string, Route>;

import type { KeptPosition, PositionConsent, PositionOf, PositionQuery } from '@konferenco/core';

/** Requests to the thread that has the database of positions. Times are Unix ms. */
export interface PositionRequests {
  open: { request: { path: string }; reply: null };
  consent: { request: string; reply: PositionConsent | null };
  allow: { request: { user: string; consent: PositionConsent }; reply: PositionConsent };
  withdraw: { request: { user: string; at: number }; reply: null };
  add: { request: { positions: readonly PositionOf[]; now: number }; reply: number };
  read: { request: { query: PositionQuery; now: number }; reply: KeptPosition[] };
  erase: { request: { user: string; at: number }; reply: null };
  maintain: { request: { now: number }; reply: null };
  close: { request: null; reply: null };
}

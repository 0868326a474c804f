import type { Reading } from './types.ts';

/** Least distance that counts as having moved, in metres. */
export const MOVED_M = 25;
/** Least time between two positions of a device that moves, and time between two of one that does not (ms). */
export const MOVING_MS = 5_000;
export const STILL_MS = 60_000;

const EARTH_M = 6_371_000;

/** A position that was sent, and when (Unix ms). */
export interface Sent extends Reading {
  readonly at: number;
}

/** Whether a reading is sent, because the device moved or because it is time, or is left out. `now` in Unix ms. */
export function paceOf(last: Sent | null, reading: Reading, now: number): 'moved' | 'still' | 'left_out' {
  if (last === null) return 'moved';
  const age = now - last.at;
  if (age < MOVING_MS) return 'left_out';
  // What lies within the reading's own error is no movement.
  if (distanceOf(last, reading) >= Math.max(MOVED_M, reading.accuracy_m)) return 'moved';
  return age >= STILL_MS ? 'still' : 'left_out';
}

/** Metres between two points on the globe, by the haversine formula. */
export function distanceOf(a: Pick<Reading, 'lat' | 'lng'>, b: Pick<Reading, 'lat' | 'lng'>): number {
  const half = (degrees: number): number => Math.sin((degrees * Math.PI) / 360) ** 2;
  const cos = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);
  const chord = half(b.lat - a.lat) + cos(a.lat) * cos(b.lat) * half(b.lng - a.lng);
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(chord)));
}

import { useMemo } from 'react';
import { useNow } from '../../state/app.ts';
import type { Slot } from '../programme/agenda.ts';
import { useProgramme } from '../programme/use-programme.ts';
import { freeSlots } from './free-slots.ts';

/** Slots offered. */
const OFFERED = 6;

/** When the person is free, going by what this device knows of their agenda. */
export function useFreeSlots(minutes: number, besides: string | null): readonly Slot[] {
  const now = useNow();
  const { sessions, meetings, zone } = useProgramme();
  return useMemo(() => {
    const busy: readonly Slot[] = [
      ...sessions.filter((s) => s.attending && s.cancelled === null),
      ...meetings.filter((m) => m.id !== besides && (m.standing === 'agreed' || m.standing === 'waiting_for_them')),
    ];
    const begins = Math.min(...sessions.map((s) => s.starts_at));
    const from = Number.isFinite(begins) ? begins : now;
    return freeSlots({ now, busy, zone, minutes, count: OFFERED, from });
  }, [now, sessions, meetings, zone, minutes, besides]);
}

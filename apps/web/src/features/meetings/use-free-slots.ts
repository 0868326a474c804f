import { useEffect, useMemo, useState } from 'react';
import { useApp, useEvent, useNow } from '../../state/app.ts';
import type { Slot } from '../programme/agenda.ts';
import { useProgramme } from '../programme/use-programme.ts';
import { commonSlots, freeSlots } from './free-slots.ts';

/** Slots offered. */
const OFFERED = 6;

export interface OfferedSlots {
  readonly slots: readonly Slot[];
  /** Free for both, as the server says; otherwise only for me, by what this device knows. */
  readonly both: boolean;
}

/** When one can meet somebody: from the server where it can be asked, from this device otherwise. */
export function useFreeSlots(person: string, minutes: number, besides: string | null): OfferedSlots {
  const now = useNow();
  const { sessions, meetings, zone } = useProgramme();
  const common = useCommon(person);
  return useMemo(() => {
    const busy: readonly Slot[] = [
      ...sessions.filter((s) => s.attending && s.cancelled === null),
      ...meetings.filter((m) => m.id !== besides && (m.standing === 'agreed' || m.standing === 'waiting_for_them')),
    ];
    const shared = common === null ? [] : commonSlots(common, { busy, minutes, count: OFFERED });
    if (shared.length > 0) return { slots: shared, both: true };
    const begins = Math.min(...sessions.map((s) => s.starts_at));
    const from = Number.isFinite(begins) ? begins : now;
    return { slots: freeSlots({ now, busy, zone, minutes, count: OFFERED, from }), both: false };
  }, [now, sessions, meetings, zone, minutes, besides, common]);
}

/** Half hours in which both are free; `null`: not known, and what this device knows has to do. */
function useCommon(person: string): readonly Slot[] | null {
  const { client } = useApp();
  const event = useEvent()?.id;
  const [slots, setSlots] = useState<readonly Slot[] | null>(null);
  useEffect(() => {
    if (event === undefined) return;
    const abort = new AbortController();
    client.rest('freeTimes', { query: { with: person, event }, signal: abort.signal }).then(
      (answer) => setSlots(answer.slots),
      // Offline, or not to be known: the offer is made without the other's agenda.
      () => {},
    );
    return () => abort.abort();
  }, [client, person, event]);
  return slots;
}

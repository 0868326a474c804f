import type { Meeting, Programme, ProgrammeSession } from '@konferenco/client';
import { useMemo } from 'react';
import { useApp, useEvent, useLocale, useNow, useStore } from '../../state/app.ts';
import { moderates } from '../people/role-name.ts';

/** The programme of the event that is shown, and what may be done with it. */
export interface ShownProgramme {
  /** `null`: no event yet. */
  readonly programme: Programme | null;
  readonly sessions: readonly ProgrammeSession[];
  readonly notices: ReturnType<Programme['state']>['notices'];
  readonly meetings: readonly Meeting[];
  readonly ready: boolean;
  /** The venue's time zone. */
  readonly zone: string | undefined;
  /** Whether the person may change the programme. */
  readonly organises: boolean;
}

type ProgrammeState = ReturnType<Programme['state']>;
const NOTHING: ProgrammeState = { sessions: [], notices: [], ready: false };
const none = { state: () => NOTHING, subscribe: () => () => {} };

export function useProgramme(): ShownProgramme {
  const { client } = useApp();
  const event = useEvent();
  const id = event?.id ?? null;
  const programme = useMemo(() => (id === null ? null : client.programme(id)), [client, id]);
  const { sessions, notices, ready } = useStore(programme ?? none);
  const meetings = useStore(client.meetings).items;
  return {
    programme,
    sessions,
    notices,
    meetings,
    ready,
    zone: event?.time_zone,
    organises: event !== null && moderates(event.role),
  };
}

/** Words for a slot in a zone: "14:10–14:55". */
export function useSpan(): (slot: { starts_at: number; ends_at: number }, zone: string | undefined) => string {
  const { clock } = useLocale();
  return (slot, zone) => `${clock(slot.starts_at, zone)}–${clock(slot.ends_at, zone)}`;
}

/** "Friday, 20 November, 14:10–14:55", in the venue's time, and in the reader's own where that differs. */
export function useWhen(slot: { starts_at: number; ends_at: number }, zone: string | undefined) {
  const locale = useLocale();
  const now = useNow();
  const span = useSpan();
  const words = (z: string | undefined): string => `${locale.day(slot.starts_at, now, z)}, ${span(slot, z)}`;
  const venue = words(zone);
  const own = words(undefined);
  return { venue, own: own === venue ? null : own };
}

/** Runs something that resolves when the device has kept it; a failure is told. */
export function useAct(): (work: Promise<unknown> | undefined) => void {
  const { announcer } = useApp();
  const { t, why } = useLocale();
  return (work) => {
    work?.catch((error: unknown) => announcer.show(t('failed.action', { reason: why(error) }), { harm: true }));
  };
}

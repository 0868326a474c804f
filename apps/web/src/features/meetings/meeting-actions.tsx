import type { Meeting } from '@konferenco/client';
import { lazy, Suspense, useState } from 'react';
import { useApp, useLocale } from '../../state/app.ts';
import { useAct } from '../programme/use-programme.ts';

const MeetingDialog = lazy(() => import('../editing.ts').then((m) => ({ default: m.MeetingDialog })));
const AnswerDialog = lazy(() => import('../editing.ts').then((m) => ({ default: m.AnswerDialog })));

/** What can be done with a meeting now. `compact`: only what waits for me. */
export function MeetingActions({
  meeting,
  compact = false,
}: {
  readonly meeting: Meeting;
  readonly compact?: boolean;
}) {
  const { client } = useApp();
  const { t } = useLocale();
  const act = useAct();
  const [open, setOpen] = useState<'nothing' | 'propose' | 'decline' | 'cancel'>('nothing');
  const close = (): void => setOpen('nothing');
  const { standing } = meeting;
  const over = standing === 'cancelled';
  const mine = standing === 'waiting_for_me';
  if (over || (compact && !mine)) return null;
  return (
    <div className="session-actions">
      {mine && (
        <button type="button" className="button primary" onClick={() => act(client.meetings.accept(meeting.id))}>
          {meeting.accept_again ? t('meeting.accept_again') : t('meeting.accept')}
        </button>
      )}
      <button type="button" className="button" onClick={() => setOpen('propose')}>
        {standing === 'agreed' ? t('meeting.change') : t('meeting.propose')}
      </button>
      {mine && (
        <button type="button" className="button harm" onClick={() => setOpen('decline')}>
          {t('meeting.decline')}
        </button>
      )}
      {!mine && standing !== 'declined' && (
        <button type="button" className="button harm" onClick={() => setOpen('cancel')}>
          {t('meeting.cancel')}
        </button>
      )}
      <Suspense fallback={null}>
        {open === 'propose' && <MeetingDialog person={meeting.with} meeting={meeting} onClose={close} />}
        {(open === 'decline' || open === 'cancel') && <AnswerDialog answer={open} meeting={meeting} onClose={close} />}
      </Suspense>
    </div>
  );
}

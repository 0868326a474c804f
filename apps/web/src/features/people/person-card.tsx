import { directLog } from '@konferenco/client';
import { Ban, Handshake, MessageSquare } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useBlocked, useLocale, useStore } from '../../state/app.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Link } from '../../ui/parts.tsx';

const MeetingDialog = lazy(() => import('../editing.ts').then((m) => ({ default: m.MeetingDialog })));

interface PersonCardProps {
  readonly user: string;
  /** Already beside a conversation with this person. */
  readonly inConversation?: boolean;
}

/** Who somebody is, and what can be done: talk, block, unblock. */
export function PersonCard({ user, inConversation = false }: PersonCardProps) {
  const { client, directory } = useApp();
  const { t } = useLocale();
  const person = useStore(directory).get(user);
  const blocked = useBlocked().includes(user);
  const me = client.me?.id;
  useEffect(() => directory.want(user), [directory, user]);
  const name = person?.name ?? user;
  return (
    <div className="person">
      <Avatar id={user} name={name} size="large" />
      <h2 dir="auto">{name}</h2>
      {person?.about && (
        <p className="about" dir="auto">
          {person.about}
        </p>
      )}
      {user === me ? (
        <Link to={{ name: 'me', section: null }} className="button">
          {t('me.edit')}
        </Link>
      ) : (
        <div className="person-actions">
          {!inConversation && !blocked && me !== undefined && (
            <Link to={talk(directLog(me, user))} className="button primary">
              <MessageSquare size={18} aria-hidden />
              {t('person.talk')}
            </Link>
          )}
          {!blocked && <AskButton user={user} />}
          <BlockButton user={user} name={name} blocked={blocked} />
        </div>
      )}
    </div>
  );
}

/** Opens the form that asks somebody for a meeting. */
function AskButton({ user }: { readonly user: string }) {
  const { t } = useLocale();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking(true)}>
        <Handshake size={18} aria-hidden />
        {t('meeting.ask')}
      </button>
      <Suspense fallback={null}>{asking && <MeetingDialog person={user} onClose={() => setAsking(false)} />}</Suspense>
    </>
  );
}

interface BlockButtonProps {
  readonly user: string;
  readonly name: string;
  readonly blocked: boolean;
}

/** Blocks after a question that says what it means; unblocks at once. */
export function BlockButton({ user, name, blocked }: BlockButtonProps) {
  const { client, announcer } = useApp();
  const { t, why } = useLocale();
  const [asking, setAsking] = useState(false);
  const run = async (on: boolean): Promise<void> => {
    setAsking(false);
    try {
      await client.own.setBlocked(user, on);
      announcer.show(on ? t('blocked', { name }) : t('unblocked', { name }));
    } catch (error) {
      announcer.show(t('failed.action', { reason: why(error) }), { harm: true });
    }
  };
  return (
    <>
      <button
        type="button"
        className={blocked ? 'button' : 'button harm'}
        onClick={() => (blocked ? void run(false) : setAsking(true))}
      >
        <Ban size={18} aria-hidden />
        {blocked ? t('unblock') : t('block')}
      </button>
      {asking && (
        <Dialog title={t('block.title', { name })} onClose={() => setAsking(false)}>
          <p>{t('block.words')}</p>
          <div className="dialog-actions">
            <button type="button" className="button" data-autofocus onClick={() => setAsking(false)}>
              {t('cancel')}
            </button>
            <button type="button" className="button harm solid" onClick={() => void run(true)}>
              {t('block')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

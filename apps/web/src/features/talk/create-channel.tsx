import { channelLog, type Visibility } from '@konferenco/client';
import { useId, useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useEvent, useLocale } from '../../state/app.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ReachIcon } from './subject-icon.tsx';

const TITLE_CHARS = 80;
const TOPIC_CHARS = 280;
const CHOICES: readonly Visibility[] = ['public', 'private', 'announce'];

/** A new channel: its title, what it is for, and who can read it, in words. */
export function CreateChannel({ onClose }: { readonly onClose: () => void }) {
  const { client, venue, navigator } = useApp();
  const { t, why } = useLocale();
  const group = useId();
  const [title, setTitle] = useState('');
  const [topic, setTopic] = useState('');
  const [visibility, setVisibility] = useState<Visibility>('public');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const event = useEvent();

  const create = async (): Promise<void> => {
    if (event === null || title.trim() === '') return;
    setBusy(true);
    try {
      const body = { title: title.trim(), visibility, ...(topic.trim() ? { topic: topic.trim() } : {}) };
      const channel = await client.rest('createChannel', { params: { event: event.id }, body });
      venue.channels.put([...(venue.channels.state().value ?? []), channel]);
      void client.conversations.refresh();
      onClose();
      navigator.go(talk(channelLog(channel.id)));
    } catch (caught) {
      setError(why(caught));
      setBusy(false);
    }
  };
  const words = {
    public: t('visibility.public.words'),
    private: t('visibility.private.words'),
    announce: t('visibility.announce.words'),
  };
  const names = {
    public: t('visibility.public'),
    private: t('visibility.private'),
    announce: t('visibility.announce'),
  };
  return (
    <Dialog title={t('channel.create')} onClose={onClose}>
      <form
        className="form"
        onSubmit={(submitted) => {
          submitted.preventDefault();
          void create();
        }}
      >
        <label className="label">
          {t('channel.title')}
          <input
            className="field"
            data-autofocus
            required
            maxLength={TITLE_CHARS}
            value={title}
            onChange={(e) => setTitle(e.target.value)}
          />
        </label>
        <label className="label">
          {t('channel.topic')}
          <input className="field" maxLength={TOPIC_CHARS} value={topic} onChange={(e) => setTopic(e.target.value)} />
        </label>
        <fieldset className="choices">
          <legend>{t('channel.who')}</legend>
          {CHOICES.map((choice) => (
            <label key={choice} className="choice">
              <input type="radio" name={group} checked={visibility === choice} onChange={() => setVisibility(choice)} />
              <span>
                <strong>
                  <ReachIcon reach={choice} /> {names[choice]}
                </strong>
                <span>{words[choice]}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {error && (
          <p className="error" role="alert">
            {t('failed.action', { reason: error })}
          </p>
        )}
        <button type="submit" className="button primary" disabled={busy || event === null}>
          {t('channel.make')}
        </button>
      </form>
    </Dialog>
  );
}

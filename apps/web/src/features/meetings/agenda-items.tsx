import type { Meeting } from '@konferenco/client';
import { X } from 'lucide-react';
import { useRef, useState } from 'react';
import { useApp, useLocale } from '../../state/app.ts';
import { IconButton } from '../../ui/parts.tsx';
import { useAct } from '../programme/use-programme.ts';

const ITEM_CHARS = 120;

/** What the two want to talk about: ticked off, added and removed by either. */
export function AgendaItems({ meeting }: { readonly meeting: Meeting }) {
  const { client } = useApp();
  const { t } = useLocale();
  const act = useAct();
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const { meetings } = client;
  const add = (): void => {
    if (text.trim() === '') return;
    act(meetings.addAgendaItem(meeting.id, text.trim(), meeting.agenda.at(-1)?.id ?? null));
    setText('');
  };
  return (
    <section className="agenda-items">
      <h2 className="detail-title">{t('meeting.agenda')}</h2>
      {meeting.agenda.length > 0 && (
        <ul>
          {meeting.agenda.map((item) => (
            <li key={item.id}>
              <label className="check">
                <input
                  type="checkbox"
                  checked={item.done}
                  onChange={() => act(meetings.setAgendaItem(meeting.id, item.id, item.text, !item.done))}
                />
                <span dir="auto" className={item.done ? 'struck' : undefined}>
                  {item.text}
                </span>
              </label>
              <IconButton
                label={t('meeting.agenda.remove', { text: item.text })}
                icon={X}
                size={18}
                onClick={() => {
                  act(meetings.removeAgendaItem(meeting.id, item.id));
                  // The button vanishes with its line; focus must not.
                  field.current?.focus();
                }}
              />
            </li>
          ))}
        </ul>
      )}
      <form
        className="copyable"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <input
          ref={field}
          className="field"
          dir="auto"
          maxLength={ITEM_CHARS}
          aria-label={t('meeting.agenda.add')}
          placeholder={t('meeting.agenda.add')}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="button" disabled={text.trim() === ''}>
          {t('add')}
        </button>
      </form>
    </section>
  );
}

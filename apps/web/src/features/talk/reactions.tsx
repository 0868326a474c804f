import type { Message } from '@konferenco/client';
import { type RefObject, useState } from 'react';
import { useApp, useLocale, useNames } from '../../state/app.ts';
import { Popover } from '../../ui/popover.tsx';
import { useMessageActions } from './talk-context.tsx';

export const COMMON_EMOJI = ['👍', '❤️', '😂', '🎉', '🙏', '👀'] as const;

/** Reactions under a message; pressing one adds or takes back one's own. */
export function Reactions({ message }: { readonly message: Message }) {
  if (message.reactions.length === 0) return null;
  return (
    <div className="reactions">
      {message.reactions.map(({ emoji, users }) => (
        <Reaction key={emoji} message={message} emoji={emoji} users={users} />
      ))}
    </div>
  );
}

interface ReactionProps {
  readonly message: Message;
  readonly emoji: string;
  readonly users: readonly string[];
}

/** Names beyond this many are counted. */
const NAMED = 5;

function Reaction({ message, emoji, users }: ReactionProps) {
  const { client } = useApp();
  const locale = useLocale();
  const { react } = useMessageActions();
  const names = useNames(users.slice(0, NAMED));
  const more = users.length - names.length;
  const who = locale.list(more > 0 ? [...names, locale.t('and_more', { count: more })] : names);
  const mine = client.me !== null && users.includes(client.me.id);
  return (
    <button type="button" className="reaction" aria-pressed={mine} title={who} onClick={() => react(message, emoji)}>
      <span>{emoji}</span>
      <span className="tabular">{locale.number(users.length)}</span>
      <span className="sr-only">{locale.t('reaction.by', { names: who })}</span>
    </button>
  );
}

interface PickerProps {
  readonly anchor: RefObject<HTMLElement | null>;
  readonly message: Message;
  readonly onClose: () => void;
}

/** A few common emoji, and a field for any other (phones and desktops bring their own full keyboards for it). */
export function ReactionPicker({ anchor, message, onClose }: PickerProps) {
  const { t } = useLocale();
  const { react } = useMessageActions();
  const [other, setOther] = useState('');
  const choose = (emoji: string): void => {
    onClose();
    if (emoji.trim() !== '') react(message, emoji.trim());
  };
  return (
    <Popover anchor={anchor} onClose={onClose} role="dialog" label={t('react')}>
      <div className="emoji-row">
        {COMMON_EMOJI.map((emoji) => (
          <button
            key={emoji}
            type="button"
            className="emoji"
            aria-label={t('react.with', { emoji })}
            onClick={() => choose(emoji)}
          >
            {emoji}
          </button>
        ))}
      </div>
      <form
        className="emoji-other"
        onSubmit={(event) => {
          event.preventDefault();
          choose(other);
        }}
      >
        <input
          className="field"
          aria-label={t('react.other')}
          placeholder={t('react.other')}
          value={other}
          maxLength={16}
          onChange={(event) => setOther(event.target.value)}
        />
        <button type="submit" className="button" disabled={other.trim() === ''}>
          {t('react')}
        </button>
      </form>
    </Popover>
  );
}

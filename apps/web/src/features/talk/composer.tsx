import { LIMITS, type Message } from '@konferenco/client';
import { SendHorizontal, X } from 'lucide-react';
import { type ReactNode, type RefObject, useId, useLayoutEffect, useRef, useState } from 'react';
import { useApp, useLocale, useName } from '../../state/app.ts';
import { type Draft, EMPTY_DRAFT } from '../../state/drafts.ts';
import { IconButton } from '../../ui/parts.tsx';
import { bytesLeft, insertMention, mentionQuery, mentionsIn } from './compose.ts';
import { MentionList, useMentionCandidates } from './mention-list.tsx';

export interface ComposerHandle {
  focus(): void;
  reply(id: string): void;
  edit(message: Message): void;
}

interface ComposerProps {
  /** Under which name the draft is kept. */
  readonly place: string;
  readonly label: string;
  readonly handle: RefObject<ComposerHandle | null>;
  readonly find: (id: string) => Message | null;
  /** One's own newest message, which the up arrow edits. */
  readonly last: () => Message | null;
  readonly onSend: (text: string, mentions: readonly string[], replyTo: string | undefined) => void;
  readonly onEdit: (id: string, text: string) => void;
  readonly onTyping: () => void;
}

/** Below this many bytes left, the rest is shown. */
const WARN_BYTES = 400;

/** The field for a new message, an answer or an edit. Its draft is saved at each key. */
export function Composer(props: ComposerProps) {
  const { drafts } = useApp();
  const { t } = useLocale();
  const [draft, setDraft] = useState<Draft>(() => drafts.get(props.place));
  const [editing, setEditing] = useState<Message | null>(null);
  const [caret, setCaret] = useState(0);
  const field = useRef<HTMLTextAreaElement>(null);
  const listId = useId();

  const change = (next: Draft): void => {
    setDraft(next);
    if (editing === null) drafts.set(props.place, next);
  };
  const stopEditing = (): void => {
    setEditing(null);
    setDraft(drafts.get(props.place));
  };
  const focus = (): void => field.current?.focus();
  props.handle.current = {
    focus,
    reply(id) {
      if (editing) setEditing(null);
      const next = { ...drafts.get(props.place), reply_to: id };
      setDraft(next);
      drafts.set(props.place, next);
      focus();
    },
    edit(message) {
      setEditing(message);
      setDraft({ text: message.text, mentions: [] });
      focus();
    },
  };
  useGrow(field, draft.text);

  const mentions = mentionsIn(draft.text, draft.mentions).slice(0, LIMITS.mentions);
  const left = bytesLeft(draft.text, mentions);
  const sendable = draft.text.trim() !== '' && left >= 0;
  const candidates = useMentionCandidates(mentionQuery(draft.text, caret));

  const submit = (): void => {
    if (!sendable) return focus();
    const text = draft.text.trim();
    if (editing) {
      if (text !== editing.text) props.onEdit(editing.id, text);
      stopEditing();
    } else {
      props.onSend(text, mentions, draft.reply_to);
      change(EMPTY_DRAFT);
    }
    focus();
  };
  const choose = (index: number): void => {
    const user = candidates.users[index];
    if (!user) return;
    const next = insertMention(draft, caret, { id: user.id, name: user.name });
    change(next.draft);
    setCaret(next.caret);
    requestAnimationFrame(() => field.current?.setSelectionRange(next.caret, next.caret));
  };
  const onKeyDown = (event: React.KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing) return;
    if (candidates.onKey(event, choose)) return;
    const enter = event.key === 'Enter' && !event.shiftKey;
    // A touch keyboard has no Shift + Enter at hand: there Enter makes a line and the button sends.
    const touch = window.matchMedia('(pointer: coarse)').matches;
    if (enter && (!touch || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submit();
    } else if (event.key === 'Escape' && (editing || draft.reply_to !== undefined)) {
      event.preventDefault();
      event.stopPropagation();
      if (editing) stopEditing();
      else change(withoutReply(draft));
    } else if (event.key === 'ArrowUp' && draft.text === '' && !editing) {
      const last = props.last();
      if (!last) return;
      event.preventDefault();
      props.handle.current?.edit(last);
    }
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {candidates.open && <MentionList id={listId} candidates={candidates} choose={choose} />}
      {editing && <Banner onCancel={stopEditing}>{t('editing')}</Banner>}
      {!editing && draft.reply_to !== undefined && (
        <ReplyBanner original={props.find(draft.reply_to)} onCancel={() => change(withoutReply(draft))} />
      )}
      <div className="composer-row">
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          className="composer-field"
          aria-label={props.label}
          placeholder={props.label}
          value={draft.text}
          aria-autocomplete="list"
          aria-controls={candidates.open ? listId : undefined}
          aria-activedescendant={candidates.open ? `${listId}-${candidates.active}` : undefined}
          enterKeyHint="enter"
          onKeyDown={onKeyDown}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onChange={(event) => {
            change({ ...draft, text: event.target.value });
            setCaret(event.target.selectionStart);
            if (event.target.value !== '' && !editing) props.onTyping();
          }}
        />
        <button
          type="submit"
          className="send"
          aria-label={editing ? t('save') : t('send')}
          title={editing ? t('save') : t('send')}
          aria-disabled={!sendable}
        >
          <SendHorizontal size={20} aria-hidden />
        </button>
      </div>
      {left < WARN_BYTES && (
        <p className={left < 0 ? 'composer-left over' : 'composer-left'} role={left < 0 ? 'alert' : undefined}>
          {left < 0 ? t('composer.over', { count: -left }) : t('composer.left', { count: left })}
        </p>
      )}
    </form>
  );
}

function withoutReply({ text, mentions }: Draft): Draft {
  return { text, mentions };
}

function Banner({ children, onCancel }: { readonly children: ReactNode; readonly onCancel: () => void }) {
  const { t } = useLocale();
  return (
    <div className="composer-banner">
      <p>{children}</p>
      <IconButton label={t('cancel')} icon={X} size={18} onClick={onCancel} />
    </div>
  );
}

function ReplyBanner({ original, onCancel }: { readonly original: Message | null; readonly onCancel: () => void }) {
  const { t } = useLocale();
  const name = useName(original?.sender ?? '');
  return (
    <Banner onCancel={onCancel}>
      <strong>{original ? t('reply.to_name', { name }) : t('reply.earlier')}</strong>{' '}
      {original && <span dir="auto">{original.text}</span>}
    </Banner>
  );
}

/** Lets the field grow with its text; the style sheet bounds it. */
function useGrow(ref: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const field = ref.current;
    if (!field) return;
    field.style.blockSize = 'auto';
    field.style.blockSize = text === '' ? '' : `${field.scrollHeight + 2}px`;
  }, [ref, text]);
}

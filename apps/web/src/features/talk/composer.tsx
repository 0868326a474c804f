import { type Conversation, LIMITS, type Message } from '@konferenco/client';
import { Paperclip, SendHorizontal, X } from 'lucide-react';
import { lazy, type ReactNode, type RefObject, Suspense, useId, useLayoutEffect, useRef, useState } from 'react';
import { useLocale, useName } from '../../state/app.ts';
import { EMPTY_DRAFT } from '../../state/drafts.ts';
import { IconButton } from '../../ui/parts.tsx';
import { type ComposerFiles, useComposerFiles } from '../files/use-composer-files.ts';
import { useDrop } from '../files/use-drop.ts';
import { bytesLeft, insertMention, mentionQuery, mentionsIn } from './compose.ts';
import { type MentionCandidates, MentionList, useMentionCandidates } from './mention-list.tsx';
import { type ComposerDraft, useDraft } from './use-draft.ts';

const Tray = lazy(() => import('../files/files.ts').then((m) => ({ default: m.Tray })));

export interface ComposerHandle {
  focus(): void;
  reply(id: string): void;
  edit(message: Message): void;
}

interface ComposerProps {
  /** Under which name the draft is kept. */
  readonly place: string;
  readonly conversation: Conversation;
  /** Root of the thread that is written in. */
  readonly thread?: string;
  readonly label: string;
  readonly handle: RefObject<ComposerHandle | null>;
  readonly find: (id: string) => Message | null;
  /** One's own newest message, which the up arrow edits. */
  readonly last: () => Message | null;
  readonly onSend: (text: string, mentions: readonly string[], replyTo: string | undefined) => void;
  readonly onEdit: (id: string, text: string, mentions: readonly string[]) => void;
  readonly onTyping: () => void;
}

/** Below this many bytes left, the rest is shown. */
const WARN_BYTES = 400;

/** The field for a new message, an answer or an edit. */
export function Composer(props: ComposerProps) {
  const { t } = useLocale();
  const state = useDraft(props.place);
  const { draft, editing, change, cancel } = state;
  const files = useComposerFiles({ place: props.place, conversation: props.conversation, thread: props.thread });
  const form = useRef<HTMLFormElement>(null);
  const isDropping = useDrop(form, editing === null ? files.add : null);
  const [caret, setCaret] = useState(0);
  const field = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const focus = (): void => field.current?.focus();
  props.handle.current = {
    focus,
    reply(id) {
      state.startReply(id);
      focus();
    },
    edit(message) {
      state.startEdit(message);
      focus();
    },
  };
  useGrow(field, draft.text);

  const mentions = mentionsIn(draft.text, draft.mentions).slice(0, LIMITS.mentions);
  const left = bytesLeft(draft.text, mentions);
  const hasFiles = files.count > 0 && editing === null;
  const sendable = (draft.text.trim() !== '' || hasFiles) && left >= 0;
  const candidates = useMentionCandidates(mentionQuery(draft.text, caret));

  const submit = (): void => {
    focus();
    if (!sendable) return;
    const text = draft.text.trim();
    if (editing === null) {
      if (!hasFiles) props.onSend(text, mentions, draft.reply_to);
      // What could not be kept is there again, to be sent another way.
      else void files.send({ text, mentions, replyTo: draft.reply_to }).then((isKept) => isKept || change(draft));
      change(EMPTY_DRAFT);
    } else {
      if (text !== editing.text) props.onEdit(editing.id, text, mentions);
      cancel();
    }
  };
  const choose = (index: number): void => {
    const user = candidates.users[index];
    if (!user) return;
    const next = insertMention(draft, caret, { id: user.id, name: user.name });
    change(next.draft);
    setCaret(next.caret);
    requestAnimationFrame(() => field.current?.setSelectionRange(next.caret, next.caret));
  };
  const keys = { candidates, choose, submit, state, last: props.last };
  return (
    <form
      ref={form}
      className={isDropping ? 'composer dropping' : 'composer'}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {candidates.open && <MentionList id={listId} candidates={candidates} choose={choose} />}
      {editing && <Banner onCancel={cancel}>{t('editing')}</Banner>}
      {!editing && draft.reply_to !== undefined && (
        <ReplyBanner original={props.find(draft.reply_to)} onCancel={cancel} />
      )}
      {files.isShown && (
        <Suspense fallback={null}>
          <Tray place={props.place} log={props.conversation.log} thread={props.thread} />
        </Suspense>
      )}
      {isDropping && <p className="drop-words">{t('files.drop')}</p>}
      <div className="composer-row">
        {editing === null && <AttachButton files={files} focus={focus} />}
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
          onKeyDown={(event) => onComposerKey(event, keys)}
          onPaste={(event) => {
            const pasted = [...event.clipboardData.files];
            if (pasted.length === 0 || editing !== null) return;
            event.preventDefault();
            files.add(pasted);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onChange={(event) => {
            change({ ...draft, text: event.target.value });
            setCaret(event.target.selectionStart);
            if (event.target.value !== '' && !editing) props.onTyping();
          }}
        />
        <SendButton label={editing ? t('save') : t('send')} sendable={sendable} />
      </div>
      <BytesLeft left={left} />
    </form>
  );
}

interface ComposerKeys {
  readonly candidates: MentionCandidates;
  readonly choose: (index: number) => void;
  readonly submit: () => void;
  readonly state: ComposerDraft;
  readonly last: () => Message | null;
}

/** The open list of people takes the keys first; then Enter sends, Escape cancels, and the up arrow edits the last message. */
function onComposerKey(event: React.KeyboardEvent<HTMLTextAreaElement>, keys: ComposerKeys): void {
  const { draft, editing, cancel, startEdit } = keys.state;
  if (event.nativeEvent.isComposing || keys.candidates.onKey(event, keys.choose)) return;
  // A touch keyboard has no Shift + Enter at hand: there Enter makes a line and the button sends.
  const touch = window.matchMedia('(pointer: coarse)').matches;
  const last = event.key === 'ArrowUp' && draft.text === '' && !editing ? keys.last() : null;
  if (event.key === 'Enter' && !event.shiftKey && (!touch || event.ctrlKey || event.metaKey)) keys.submit();
  else if (event.key === 'Escape' && (editing || draft.reply_to !== undefined)) cancel();
  else if (last) startEdit(last);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Opens the device's own choice of files. */
function AttachButton({ files, focus }: { readonly files: ComposerFiles; readonly focus: () => void }) {
  const { t } = useLocale();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="attach"
        aria-label={t('files.attach')}
        title={t('files.attach')}
        onClick={() => input.current?.click()}
      >
        <Paperclip size={20} aria-hidden />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          files.add([...(event.target.files ?? [])]);
          // The same file may be chosen again.
          event.target.value = '';
          focus();
        }}
      />
    </>
  );
}

function SendButton({ label, sendable }: { readonly label: string; readonly sendable: boolean }) {
  return (
    <button type="submit" className="send" aria-label={label} title={label} aria-disabled={!sendable}>
      <SendHorizontal size={20} aria-hidden />
    </button>
  );
}

/** How much room is left, once it is little. */
function BytesLeft({ left }: { readonly left: number }) {
  const { t } = useLocale();
  if (left >= WARN_BYTES) return null;
  return (
    <p className={left < 0 ? 'composer-left over' : 'composer-left'} role={left < 0 ? 'alert' : undefined}>
      {left < 0 ? t('composer.over', { count: -left }) : t('composer.left', { count: left })}
    </p>
  );
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
      {original && (
        <span dir="auto">{original.text || t('files.some', { count: original.attachments?.length ?? 1 })}</span>
      )}
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

import type { Message } from '@konferenco/client';
import { useState } from 'react';
import { useApp } from '../../state/app.ts';
import type { Draft } from '../../state/drafts.ts';

/** What stands in a composer: a draft, which is saved at each change, or an edit, which is not. */
export interface ComposerDraft {
  readonly draft: Draft;
  /** The message that is being edited, if one is. */
  readonly editing: Message | null;
  readonly change: (next: Draft) => void;
  readonly startReply: (id: string) => void;
  readonly startEdit: (message: Message) => void;
  /** Ends the edit or the answer; the text of a draft stays, and comes back after an edit. */
  readonly cancel: () => void;
}

/** The draft kept under `place`. */
export function useDraft(place: string): ComposerDraft {
  const { drafts, directory } = useApp();
  const [draft, setDraft] = useState<Draft>(() => drafts.get(place));
  const [editing, setEditing] = useState<Message | null>(null);
  const save = (next: Draft): void => {
    setDraft(next);
    drafts.set(place, next);
  };
  return {
    draft,
    editing,
    change: (next) => (editing === null ? save(next) : setDraft(next)),
    startReply(id) {
      setEditing(null);
      save({ ...drafts.get(place), reply_to: id });
    },
    startEdit(message) {
      setEditing(message);
      const known = directory.state();
      // An edit tells those it mentions; who was told by the message itself is not told again.
      const untold = message.offset === null ? message.mentions : [];
      const mentions = untold.flatMap((id) => known.get(id) ?? []).map(({ id, name }) => ({ id, name }));
      setDraft({ text: message.text, mentions });
    },
    cancel() {
      if (editing === null) return save({ text: draft.text, mentions: draft.mentions });
      setEditing(null);
      setDraft(drafts.get(place));
    },
  };
}

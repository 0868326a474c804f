import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { useLocale } from '../state/app.ts';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly className?: string;
  /** Without the visible heading; the title is then only its name. */
  readonly bare?: boolean;
}

/** A modal dialogue: the platform keeps focus inside, closes on Escape and gives focus back. Mounted means open. */
export function Dialog({ title, onClose, children, className = '', bare = false }: DialogProps) {
  const { t } = useLocale();
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    // The heading takes focus where no field does, so that reading starts at the top.
    (dialog?.querySelector<HTMLElement>('[data-autofocus]') ?? dialog?.querySelector<HTMLElement>('h2'))?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a press beside the dialogue closes it, as Escape does
    <dialog
      ref={ref}
      className={`dialog ${className}`}
      {...(bare ? { 'aria-label': title } : { 'aria-labelledby': heading })}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="dialog-body">
        {!bare && (
          <header className="dialog-head">
            <h2 id={heading} tabIndex={-1}>
              {title}
            </h2>
            <button type="button" className="icon-button" aria-label={t('close')} title={t('close')} onClick={onClose}>
              <X size={20} aria-hidden />
            </button>
          </header>
        )}
        {children}
      </div>
    </dialog>
  );
}

import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef } from 'react';

interface PopoverProps {
  /** What it belongs to: it stands beside it, and focus goes back there. */
  readonly anchor: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
  readonly role: 'menu' | 'dialog' | 'listbox';
  readonly label: string;
  readonly children: ReactNode;
  readonly onKeyDown?: (event: React.KeyboardEvent<HTMLDivElement>) => void;
}

const MARGIN = 8;

/**
 * Something that floats beside its anchor, above everything, and closes by Escape or a press elsewhere (the platform's
 * popover does both). On narrow screens the style sheet puts it at the bottom edge instead. Mounted means open.
 */
export function Popover({ anchor, onClose, role, label, children, onKeyDown }: PopoverProps) {
  const ref = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useLayoutEffect(() => {
    const floating = ref.current;
    const from = anchor.current;
    if (!floating || !from) return;
    floating.showPopover();
    place(floating, from);
    const first = floating.querySelector<HTMLElement>('[data-autofocus], button, input, a[href]');
    first?.focus({ preventScroll: true });
    return () => {
      // Focus that was inside, or went nowhere when the element vanished, returns to where it came from.
      if (floating.contains(document.activeElement) || document.activeElement === document.body)
        from.focus({ preventScroll: true });
    };
  }, [anchor]);

  useEffect(() => {
    const floating = ref.current;
    const onToggle = (event: Event): void => {
      if ((event as ToggleEvent).newState === 'closed') close.current();
    };
    floating?.addEventListener('toggle', onToggle);
    return () => floating?.removeEventListener('toggle', onToggle);
  }, []);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the role is one of three that take keys
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: all three roles take a name
    <div
      ref={ref}
      popover="auto"
      className="popover"
      role={role}
      aria-label={label}
      onKeyDown={onKeyDown}
      tabIndex={-1}
    >
      {children}
    </div>
  );
}

/** Below the anchor and aligned with its end, or above when there is no room; always inside the window. */
function place(floating: HTMLElement, anchor: HTMLElement): void {
  const a = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = floating;
  const rtl = getComputedStyle(anchor).direction === 'rtl';
  const wanted = rtl ? a.left : a.right - width;
  const left = Math.max(MARGIN, Math.min(wanted, window.innerWidth - width - MARGIN));
  const below = a.bottom + MARGIN / 2;
  const fits = below + height + MARGIN <= window.innerHeight;
  const top = fits ? below : Math.max(MARGIN, a.top - height - MARGIN / 2);
  floating.style.setProperty('--popover-left', `${left}px`);
  floating.style.setProperty('--popover-top', `${top}px`);
}

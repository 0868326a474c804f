import type { LucideIcon } from 'lucide-react';
import { type ReactNode, type RefObject, useRef, useState } from 'react';
import { moveFocus } from './arrow-list.tsx';
import { Popover } from './popover.tsx';

export interface MenuAction {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly run: () => void;
  /** Takes something away that does not come back. */
  readonly harm?: boolean;
  readonly key?: string;
}

interface MenuListProps {
  readonly anchor: RefObject<HTMLElement | null>;
  readonly label: string;
  readonly actions: readonly MenuAction[];
  readonly onClose: () => void;
}

/** An open menu. Arrow keys move, a letter finds, Enter chooses, Escape closes. */
export function MenuList({ anchor, label, actions, onClose }: MenuListProps) {
  const onKeyDown = (event: React.KeyboardEvent<HTMLDivElement>): void => {
    if (event.key === 'Tab') return onClose();
    if (moveFocus(event, '[role="menuitem"]')) return;
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
    const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="menuitem"]')];
    const from = items.indexOf(document.activeElement as HTMLElement) + 1;
    const letter = event.key.toLocaleLowerCase();
    const found = [...items.slice(from), ...items.slice(0, from)].find((i) =>
      i.textContent.toLocaleLowerCase().startsWith(letter),
    );
    found?.focus();
    event.stopPropagation();
  };
  return (
    <Popover anchor={anchor} onClose={onClose} role="menu" label={label} onKeyDown={onKeyDown}>
      {actions.map(({ label: text, icon: Icon, run, harm, key }) => (
        <button
          key={text}
          type="button"
          role="menuitem"
          tabIndex={-1}
          className={harm ? 'menu-item harm' : 'menu-item'}
          onClick={() => {
            onClose();
            run();
          }}
        >
          <Icon size={18} aria-hidden />
          <span>{text}</span>
          {key && <kbd aria-hidden>{key}</kbd>}
        </button>
      ))}
    </Popover>
  );
}

interface MenuButtonProps {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly actions: readonly MenuAction[];
  readonly children?: ReactNode;
  readonly className?: string;
}

/** A button that opens a menu. */
export function MenuButton({ label, icon: Icon, actions, className = 'icon-button' }: MenuButtonProps) {
  const ref = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        ref={ref}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon size={20} aria-hidden />
      </button>
      {open && <MenuList anchor={ref} label={label} actions={actions} onClose={() => setOpen(false)} />}
    </>
  );
}

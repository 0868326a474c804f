import { type ReactNode, useEffect, useRef } from 'react';

/** Moves focus among the elements matching `selector` by arrow keys, Home and End. Returns whether it did. */
export function moveFocus(event: React.KeyboardEvent<HTMLElement>, selector: string): boolean {
  const step = { ArrowDown: 1, ArrowUp: -1, Home: 'first', End: 'last' }[event.key];
  if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return false;
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>(selector)].filter(
    (item) => !item.hasAttribute('disabled'),
  );
  if (items.length === 0) return false;
  const at = items.findIndex((item) => item.contains(document.activeElement));
  const next =
    step === 'first' ? 0 : step === 'last' ? items.length - 1 : (at + Number(step) + items.length) % items.length;
  event.preventDefault();
  items[next]?.focus();
  return true;
}

interface ArrowListProps {
  readonly label: string;
  readonly className?: string;
  readonly children: ReactNode;
}

const ITEM = '[data-item]';

/** A list that is one tab stop; arrow keys go through the elements marked `data-item`. */
export function ArrowList({ label, className, children }: ArrowListProps) {
  const ref = useRef<HTMLUListElement>(null);
  const stopAt = (stop: Element | null | undefined): void => {
    for (const item of ref.current?.querySelectorAll<HTMLElement>(ITEM) ?? []) item.tabIndex = item === stop ? 0 : -1;
  };
  useEffect(() => {
    const items = [...(ref.current?.querySelectorAll<HTMLElement>(ITEM) ?? [])];
    const stop =
      items.find((i) => i.contains(document.activeElement)) ??
      items.find((i) => i.getAttribute('aria-current')) ??
      items[0];
    stopAt(stop);
  });
  return (
    <ul
      ref={ref}
      className={className}
      aria-label={label}
      onKeyDown={(event) => moveFocus(event, ITEM)}
      onFocus={(event) => stopAt((event.target as Element).closest(ITEM))}
    >
      {children}
    </ul>
  );
}

import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { hrefOf, type Route } from '../router.ts';
import { useApp, useLocale, useNow } from '../state/app.ts';

interface LinkProps {
  readonly to: Route;
  readonly children: ReactNode;
  readonly className?: string;
  readonly current?: boolean;
  readonly item?: boolean;
  readonly label?: string;
  /** Leads back to where this place was opened from. */
  readonly up?: boolean;
}

/** A link inside the application; opening in a new tab works as with any link. */
export function Link({ to, children, className, current = false, item = false, label, up = false }: LinkProps) {
  const { navigator } = useApp();
  return (
    <a
      href={hrefOf(to)}
      className={className}
      aria-label={label}
      aria-current={current ? 'page' : undefined}
      data-item={item ? '' : undefined}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        if (up) navigator.up(to);
        else navigator.go(to);
      }}
    >
      {children}
    </a>
  );
}

interface IconButtonProps {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly onClick: () => void;
  readonly className?: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly size?: number;
  /** False: reached by pressing alone, because the keyboard has the same elsewhere. */
  readonly tabStop?: boolean;
}

export function IconButton({
  label,
  icon: Icon,
  onClick,
  className = 'icon-button',
  pressed,
  disabled,
  size = 20,
  tabStop = true,
}: IconButtonProps) {
  return (
    <button
      type="button"
      className={className}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      disabled={disabled}
      tabIndex={tabStop ? undefined : -1}
      onClick={onClick}
    >
      <Icon size={size} aria-hidden />
    </button>
  );
}

/** A time: relative for the eye, exact on hover and for screen readers. */
export function Time({ at, narrow = false }: { readonly at: number; readonly narrow?: boolean }) {
  const locale = useLocale();
  const now = useNow();
  const exact = locale.exact(at);
  return (
    <time dateTime={new Date(at).toISOString()} title={exact} className="time">
      <span aria-hidden>{narrow ? locale.short(at, now) : locale.relative(at, now)}</span>
      <span className="sr-only">{exact}</span>
    </time>
  );
}

interface EmptyProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

/** What will be here, and the first step towards it. */
export function Empty({ icon: Icon, title, children, action }: EmptyProps) {
  return (
    <div className="empty">
      <Icon size={28} aria-hidden />
      <h2>{title}</h2>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** Words instead of a spinner. */
export function Loading() {
  const { t } = useLocale();
  return (
    <p className="loading" role="status">
      {t('loading')}
    </p>
  );
}

/** What went wrong, and a way to try again. */
export function Failed({ reason, retry }: { readonly reason: unknown; readonly retry: () => void }) {
  const { t, why } = useLocale();
  return (
    <div className="failed-note" role="alert">
      <p>{t('failed.load', { reason: why(reason) })}</p>
      <button type="button" className="button quiet" onClick={retry}>
        {t('try_again')}
      </button>
    </div>
  );
}

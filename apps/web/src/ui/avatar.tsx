import type { PresenceStatus } from '@konferenco/client';
import { useLocale } from '../state/app.ts';

/** Backgrounds on which white has a contrast of at least 4.5 : 1 (a test computes it). */
export const AVATAR_COLOURS = [
  '#0b6b5d',
  '#1f5f8b',
  '#6a4c93',
  '#8a3b5e',
  '#94481c',
  '#4f6420',
  '#3d5a80',
  '#7a4a2b',
  '#2f6b3a',
  '#5b4b8a',
  '#86411f',
  '#38616b',
] as const;

/** The same colour for the same id, everywhere. */
export function avatarColour(id: string): (typeof AVATAR_COLOURS)[number] {
  let hash = 2_166_136_261;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16_777_619);
  return AVATAR_COLOURS[(hash >>> 0) % AVATAR_COLOURS.length] ?? AVATAR_COLOURS[0];
}

/** The first letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = [...(words[0] ?? '?')][0] ?? '?';
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : '';
  return (first + last).toLocaleUpperCase();
}

interface AvatarProps {
  readonly id: string;
  readonly name: string;
  readonly status?: PresenceStatus;
  readonly size?: 'small' | 'medium' | 'large';
}

/** Initials on the person's colour, with presence as a shape. Decorative: the name stands beside it. */
export function Avatar({ id, name, status, size = 'medium' }: AvatarProps) {
  return (
    <span className={`avatar ${size}`} style={{ background: avatarColour(id) }}>
      <span aria-hidden>{initials(name)}</span>
      {status && <PresenceMark status={status} />}
    </span>
  );
}

/** Online: a full disc. Away: a half disc. Busy: a square with a bar. Offline: a ring. */
export function PresenceMark({ status }: { readonly status: PresenceStatus }) {
  const { t } = useLocale();
  const words = {
    online: t('presence.online'),
    away: t('presence.away'),
    busy: t('presence.busy'),
    offline: t('presence.offline'),
  }[status];
  return (
    <span className={`presence ${status}`} role="img" aria-label={words} title={words}>
      <svg viewBox="0 0 12 12" aria-hidden="true" focusable="false">
        {status === 'online' && <circle cx="6" cy="6" r="4" fill="currentColor" />}
        {status === 'away' && (
          <>
            <circle cx="6" cy="6" r="3.25" fill="none" stroke="currentColor" strokeWidth="1.5" />
            <path d="M6 2.75a3.25 3.25 0 0 1 0 6.5z" fill="currentColor" />
          </>
        )}
        {status === 'busy' && <path d="M2 2h8v8H2zM4 5.25v1.5h4v-1.5z" fill="currentColor" fillRule="evenodd" />}
        {status === 'offline' && <circle cx="6" cy="6" r="3.25" fill="none" stroke="currentColor" strokeWidth="1.5" />}
      </svg>
    </span>
  );
}

import type { Role } from '@konferenco/client';
import type { Locale } from '../../i18n/locale.ts';

/** A role in words. */
export function roleName(role: Role, { t }: Locale): string {
  switch (role) {
    case 'owner':
      return t('role.owner');
    case 'moderator':
      return t('role.moderator');
    case 'speaker':
      return t('role.speaker');
    case 'exhibitor':
      return t('role.exhibitor');
    case 'attendee':
      return t('role.attendee');
  }
}

/** Whether a role may decide reports and remove people. */
export function moderates(role: Role): boolean {
  return role === 'owner' || role === 'moderator';
}

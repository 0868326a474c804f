import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useApp, useLocale, useStore } from '../../state/app.ts';
import { IconButton } from '../../ui/parts.tsx';

/** The passing notice, and what screen readers are told. */
export function Notices({ children }: { readonly children?: ReactNode }) {
  const { announcer } = useApp();
  const { t } = useLocale();
  const notice = useStore(announcer.notice);
  const spoken = useStore(announcer.spoken);
  return (
    <>
      <p className="sr-only" role="log" aria-live="polite" aria-atomic="true" aria-label={t('arrivals')}>
        {spoken}
      </p>
      <div className="notices">
        {children}
        <div role="status">
          {notice && (
            <div key={notice.id} className={notice.harm ? 'notice harm' : 'notice'}>
              <p>{notice.text}</p>
              <IconButton label={t('close')} icon={X} size={18} onClick={announcer.dismiss} />
            </div>
          )}
        </div>
      </div>
    </>
  );
}

import { HardDrive, RefreshCw, X } from 'lucide-react';
import { useState } from 'react';
import type { DeviceNotice } from '../../state/device.ts';
import { useApp, useLocale, useStore } from '../../state/app.ts';
import { IconButton } from '../../ui/parts.tsx';

/** A newer version of the application waits for the person's word. */
export function UpdateLine() {
  const { updates } = useApp();
  const { t } = useLocale();
  const state = useStore(updates);
  const [later, setLater] = useState(false);
  if (state === 'current' || later) return <div role="status" hidden />;
  return (
    <div className="link-line calm" role="status">
      <RefreshCw size={16} aria-hidden />
      <p>{t('update.ready')}</p>
      <button type="button" className="button text" onClick={updates.apply}>
        {t('reload')}
      </button>
      <IconButton label={t('close')} icon={X} size={16} onClick={() => setLater(true)} />
    </div>
  );
}

/** What the person has to know about what this device keeps, or cannot keep. */
export function DeviceLine() {
  const { device } = useApp();
  const { t } = useLocale();
  const notice = useStore(device.notice);
  const words = useNoticeWords();
  if (notice === null) return <div role="status" hidden />;
  return (
    <div className="link-line long" role="status">
      <HardDrive size={16} aria-hidden />
      <p>{words(notice)}</p>
      {notice.kind === 'newer' && (
        <button type="button" className="button text" onClick={() => window.location.reload()}>
          {t('reload')}
        </button>
      )}
      <IconButton label={t('close')} icon={X} size={16} onClick={device.dismissNotice} />
    </div>
  );
}

export function useNoticeWords(): (notice: DeviceNotice) => string {
  const { t } = useLocale();
  return (notice) => {
    switch (notice.kind) {
      case 'memory':
        return t('store.memory');
      case 'full':
        return t('store.full');
      case 'newer':
        return t('store.newer');
      case 'recovered': {
        const { saved, lost } = notice;
        const more = [
          ...(saved > 0 ? [t('store.recovered.saved', { count: saved })] : []),
          ...(lost === null ? [t('store.recovered.unknown')] : []),
          ...(lost !== null && lost > 0 ? [t('store.recovered.lost', { count: lost })] : []),
        ];
        return [t('store.recovered'), ...more].join(' ');
      }
    }
  };
}

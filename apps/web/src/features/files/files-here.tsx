import type { FilesUsage } from '@konferenco/client/attachments';
import { Trash2 } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { useApp, useLocale, useStore } from '../../state/app.ts';

/** What files take on this device, and the way to remove those that were opened. */
export function FilesHere() {
  const { files, announcer, preferences } = useApp();
  const { t, bytes, why } = useLocale();
  const chosen = useStore(preferences);
  const [usage, setUsage] = useState<FilesUsage | null>(null);
  const tell = useCallback((error: unknown) => announcer.show(why(error), { harm: true }), [announcer, why]);
  const reload = useCallback(() => {
    files
      .open()
      .then((attachments) => attachments.usage())
      .then(setUsage)
      .catch(tell);
  }, [files, tell]);
  useEffect(reload, [reload]);
  if (!usage) return null;
  const clear = (): void => {
    files
      .open()
      .then((attachments) => attachments.clearKept())
      .then(() => announcer.show(t('files.cleared')))
      .catch(tell)
      .finally(reload);
  };
  return (
    <section className="settings">
      <h2>{t('files.kept')}</h2>
      <label className="check">
        <input
          type="checkbox"
          checked={chosen.saveData}
          onChange={(event) => preferences.set({ ...chosen, saveData: event.target.checked })}
        />
        {t('files.save_data')}
      </label>
      <ul className="plain-list tabular">
        <li>{t('files.kept.opened', { size: bytes(usage.kept) })}</li>
        {usage.outgoing > 0 && <li>{t('files.kept.outgoing', { size: bytes(usage.outgoing) })}</li>}
      </ul>
      {usage.kept > 0 && (
        <button type="button" className="button" onClick={clear}>
          <Trash2 size={18} aria-hidden />
          {t('files.clear')}
        </button>
      )}
    </section>
  );
}

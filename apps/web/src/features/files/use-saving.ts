import type { Attachment } from '@konferenco/client';
import { useState } from 'react';
import { useApp, useLocale } from '../../state/app.ts';
import { IN_MEMORY_BYTES } from './loading.ts';

/** Saves a file where the browser saves files; the percentage while it is loaded, else `null`. */
export function useSaving(file: Attachment): readonly [percent: number | null, save: () => void] {
  const { files, announcer } = useApp();
  const { t, why } = useLocale();
  const [percent, setPercent] = useState<number | null>(null);
  const { name, size } = file;
  const run = async (): Promise<void> => {
    const attachments = await files.open();
    if (size > IN_MEMORY_BYTES) return press((await attachments.link(file)).url, name);
    const onProgress = (bytes: number): void => setPercent(Math.floor((bytes / size) * 100));
    const url = URL.createObjectURL(await attachments.fetch(file, { onProgress }));
    press(url, name);
    // The browser has taken it by then.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    announcer.arrived(t('files.saved', { name }), () => t('files.saved', { name }));
  };
  const save = (): void => {
    if (percent !== null) return;
    setPercent(0);
    run()
      .catch((error: unknown) => announcer.show(t('files.broken', { reason: why(error) }), { harm: true }))
      .finally(() => setPercent(null));
  };
  return [percent, save];
}

function press(url: string, name: string): void {
  const link = Object.assign(document.createElement('a'), { href: url, download: name, rel: 'noopener' });
  link.click();
}

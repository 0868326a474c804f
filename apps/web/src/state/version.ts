import { PAGE_LOCK, pageLock } from '../service-worker/build.ts';

/** The version of the application that this page shows; `null` when it was not built as one. */
function versionOf({ document }: Window): string | null {
  return document.querySelector<HTMLMetaElement>('meta[name="konferenco-version"]')?.content ?? null;
}

/** While this page is open, the files of its version are kept. */
export function holdVersion(window: Window): void {
  const version = versionOf(window);
  if (version === null) return;
  window.navigator.locks
    ?.request(pageLock(version), { mode: 'shared' }, () => new Promise(() => {}))
    .catch(() => {
      // Given up when the page closes.
    });
}

/** Whether another page shows another version now. Without locks, none is known. */
export async function isOtherVersionOpen(window: Window): Promise<boolean> {
  const own = pageLock(versionOf(window) ?? '');
  const held = (await window.navigator.locks?.query())?.held ?? [];
  return held.some(({ name = '' }) => name.startsWith(PAGE_LOCK) && name !== own);
}

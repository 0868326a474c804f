import { useEffect } from 'react';
import { talk } from '../../router.ts';
import { useApp } from '../../state/app.ts';

/** Shortcuts that work everywhere: the palette, the keyboard sheet, the next conversation, closing what is open. */
export function useShortcuts(): void {
  const { client, navigator, overlay, preferences } = useApp();
  useEffect(() => {
    const step = (by: number): void => {
      const route = navigator.state();
      const logs = client.conversations
        .state()
        .items.toSorted((a, b) => (b.preview?.at ?? 0) - (a.preview?.at ?? 0))
        .map((s) => s.log);
      if (logs.length === 0) return;
      const at = route.name === 'talk' && route.log !== null ? logs.indexOf(route.log) : -1;
      navigator.go(talk(logs[(at + by + logs.length) % logs.length] ?? null));
    };
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      const writing = (event.target as Element | null)?.closest('input, textarea, select, [contenteditable]');
      const command = event.ctrlKey || event.metaKey;
      if (command && event.key.toLowerCase() === 'k') overlay.set(overlay.state() === 'palette' ? 'none' : 'palette');
      else if (event.altKey && !command && event.key === 'ArrowDown') step(1);
      else if (event.altKey && !command && event.key === 'ArrowUp') step(-1);
      else if (event.key === '?' && !writing && !command && preferences.state().singleKeys) overlay.set('keyboard');
      else if (event.key === 'Escape' && overlay.state() === 'none') return closePanel();
      else return;
      event.preventDefault();
    };
    const closePanel = (): void => {
      const route = navigator.state();
      if (route.name === 'talk' && route.panel !== null && !document.querySelector(':popover-open'))
        navigator.up(talk(route.log));
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [client, navigator, overlay, preferences]);
}

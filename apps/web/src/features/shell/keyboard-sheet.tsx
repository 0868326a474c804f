import { useLocale } from '../../state/app.ts';
import { Dialog } from '../../ui/dialog.tsx';

/** Every shortcut, grouped by where it works. */
export function KeyboardSheet({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLocale();
  const command = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl';
  const groups: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    [
      t('keys.everywhere'),
      [
        [`${command} K`, t('keys.palette')],
        ['?', t('keys.sheet')],
        ['Alt ↓ / Alt ↑', t('keys.next')],
        ['Esc', t('keys.close')],
      ],
    ],
    [
      t('keys.message'),
      [
        ['↑ ↓', t('keys.move')],
        ['Enter', t('message.actions')],
        ['R', t('reply')],
        ['T', t('thread.open')],
        ['+', t('react')],
        ['E', t('edit')],
        ['C', t('copy')],
      ],
    ],
    [
      t('keys.composer'),
      [
        ['Enter', t('send')],
        ['Shift Enter', t('keys.line')],
        ['@', t('keys.mention')],
        ['↑', t('keys.edit_last')],
      ],
    ],
  ];
  return (
    <Dialog title={t('keys.title')} onClose={onClose} className="wide">
      <div className="keys">
        {groups.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, words]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{words}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

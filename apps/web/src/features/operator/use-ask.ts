import { useApp, useLocale } from '../../state/app.ts';

/** Does what an operator asked for and says that it was asked, or why not. */
export function useAsk(): (action: () => Promise<void>, done: string) => Promise<void> {
  const { announcer } = useApp();
  const { t, why } = useLocale();
  return async (action, done) => {
    try {
      await action();
      announcer.show(done);
    } catch (error) {
      announcer.show(t('failed.action', { reason: why(error) }), { harm: true });
    }
  };
}

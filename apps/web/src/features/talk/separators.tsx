import type { TimelineGap } from '@konferenco/client';
import { useLocale, useNow } from '../../state/app.ts';

export function DayRow({ at }: { readonly at: number }) {
  const locale = useLocale();
  const now = useNow();
  return <h2 className="day">{dayWords(at, now, locale)}</h2>;
}

/** "Today", "Yesterday", or the date. */
export function dayWords(at: number, now: number, { t, day }: Pick<ReturnType<typeof useLocale>, 't' | 'day'>): string {
  const midnight = new Date(now);
  midnight.setHours(0, 0, 0, 0);
  const yesterday = new Date(midnight);
  yesterday.setDate(yesterday.getDate() - 1);
  if (at >= midnight.getTime()) return t('today');
  if (at >= yesterday.getTime()) return t('yesterday');
  return day(at, now);
}

export function NewRow() {
  const { t } = useLocale();
  return (
    <p className="new-line">
      <span>{t('new_messages')}</span>
    </p>
  );
}

export function StartRow() {
  const { t } = useLocale();
  return <p className="start">{t('timeline.start')}</p>;
}

export function OlderRow({ loading, load }: { readonly loading: boolean; readonly load: () => void }) {
  const { t } = useLocale();
  return (
    <div className="older">
      {loading ? (
        <p>{t('loading.older')}</p>
      ) : (
        <button type="button" className="button quiet" onClick={load}>
          {t('load.older')}
        </button>
      )}
    </div>
  );
}

/** A hole in the timeline, and how to fill it where that is possible. */
export function GapRow({ gap, fill }: { readonly gap: TimelineGap; readonly fill: (gap: TimelineGap) => void }) {
  const { t } = useLocale();
  const count = gap.to - gap.from + 1;
  const words = {
    retention: t('gap.retention', { count }),
    damage: t('gap.damage', { count }),
    skipped: gap.offline ? t('gap.offline', { count }) : t('gap.skipped', { count }),
  }[gap.reason];
  return (
    <div className="gap">
      <p>{words}</p>
      {gap.reason === 'skipped' && !gap.offline && (
        <button type="button" className="button quiet" onClick={() => fill(gap)}>
          {t('gap.fill')}
        </button>
      )}
    </div>
  );
}

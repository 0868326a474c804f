import type { Report } from '@konferenco/client';
import { ArrowLeft, Flag } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useApp, useEvent, useLocale, useName, useStore } from '../../state/app.ts';
import { createResource } from '../../state/resource.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Empty, Failed, Link, Loading, Time } from '../../ui/parts.tsx';

type Action = 'none' | 'remove_message' | 'ban';

/** The moderators' queue: open cases first, each with what was said and what can be decided. */
export function Reports() {
  const { client } = useApp();
  const { t } = useLocale();
  const event = useEvent()?.id ?? null;
  const reports = useMemo(
    () =>
      createResource<readonly Report[]>(async () =>
        event === null ? null : (await client.rest('reports', { params: { event } })).items,
      ),
    [client, event],
  );
  const { value, loading, error } = useStore(reports);
  useEffect(() => void reports.refresh(), [reports]);
  const decide = async (report: Report, action: Action): Promise<void> => {
    const status = action === 'none' ? 'dismissed' : 'actioned';
    const decided = await client.rest('resolveReport', { params: { case: report.case }, body: { status, action } });
    reports.put((reports.state().value ?? []).map((r) => (r.case === decided.case ? decided : r)));
  };
  const sorted =
    value?.toSorted(
      (a, b) => Number(b.status === 'open') - Number(a.status === 'open') || b.created_at - a.created_at,
    ) ?? [];
  return (
    <main className="page" id="main">
      <header className="page-head">
        <Link to={{ name: 'me', section: null }} up className="icon-button" label={t('back')}>
          <ArrowLeft size={20} aria-hidden className="flip-rtl" />
        </Link>
        <h1 tabIndex={-1} data-heading>
          {t('reports')}
        </h1>
      </header>
      {error !== null && <Failed reason={error} retry={() => void reports.refresh()} />}
      {value === null && loading && <Loading />}
      {value?.length === 0 && (
        <Empty icon={Flag} title={t('reports.empty')}>
          {t('reports.empty.words')}
        </Empty>
      )}
      <ul className="cases">
        {sorted.map((report) => (
          <Case key={report.case} report={report} decide={decide} />
        ))}
      </ul>
    </main>
  );
}

interface CaseProps {
  readonly report: Report;
  readonly decide: (report: Report, action: Action) => Promise<void>;
}

function Case({ report, decide }: CaseProps) {
  const { announcer } = useApp();
  const { t, why } = useLocale();
  const reporter = useName(report.reporter);
  const reported = useName(report.reported);
  const [asking, setAsking] = useState<Exclude<Action, 'none'> | null>(null);
  const [busy, setBusy] = useState(false);
  const run = (action: Action): void => {
    setAsking(null);
    setBusy(true);
    decide(report, action)
      .then(
        () => announcer.show(t('report.decided', { number: report.case })),
        (error: unknown) => announcer.show(t('failed.action', { reason: why(error) }), { harm: true }),
      )
      .finally(() => setBusy(false));
  };
  const status = { open: t('report.open'), dismissed: t('report.dismissed'), actioned: t('report.actioned') }[
    report.status
  ];
  return (
    <li className="case">
      <p className="case-head">
        <span className={report.status === 'open' ? 'tag now' : 'tag'}>{status}</span>
        <span className="tabular">{t('report.case', { number: report.case })}</span>
        <Time at={report.created_at} />
      </p>
      <blockquote className="quoted">
        <strong dir="auto">{reported}</strong>
        <p dir="auto">{report.quote === '' ? t('report.no_quote') : report.quote}</p>
      </blockquote>
      <p>
        <strong dir="auto">{reporter}</strong>: <span dir="auto">{report.reason}</span>
      </p>
      {report.status === 'open' && (
        <div className="case-actions">
          <button type="button" className="button" disabled={busy} onClick={() => run('none')}>
            {t('report.dismiss')}
          </button>
          <button type="button" className="button harm" disabled={busy} onClick={() => setAsking('remove_message')}>
            {t('report.remove')}
          </button>
          <button type="button" className="button harm" disabled={busy} onClick={() => setAsking('ban')}>
            {t('report.ban')}
          </button>
        </div>
      )}
      {asking && (
        <Dialog
          title={asking === 'ban' ? t('report.ban.title', { name: reported }) : t('report.remove.title')}
          onClose={() => setAsking(null)}
        >
          <p>{asking === 'ban' ? t('report.ban.words', { name: reported }) : t('report.remove.words')}</p>
          <div className="dialog-actions">
            <button type="button" className="button" data-autofocus onClick={() => setAsking(null)}>
              {t('cancel')}
            </button>
            <button type="button" className="button harm solid" onClick={() => run(asking)}>
              {asking === 'ban' ? t('report.ban') : t('report.remove')}
            </button>
          </div>
        </Dialog>
      )}
    </li>
  );
}

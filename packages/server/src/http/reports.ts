import { listReports, report, resolveReport } from '../accounts/reports.ts';
import type { Handlers, HttpDeps } from './handler.ts';

/** Reports of messages, and what became of them. */
export function reportHandlers({ context }: HttpDeps): Handlers<'report' | 'reports' | 'resolveReport'> {
  return {
    report: ({ identity, body }) => report(context, identity.user, body),
    reports: ({ identity, params, query }) => listReports(context, identity.user, params.event, query),
    resolveReport: ({ identity, params, body }) => resolveReport(context, identity.user, params.case, body),
  };
}

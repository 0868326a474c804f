import { type Command, isAtLeast } from '@konferenco/core';
import {
  createIdGenerator,
  type Envelope,
  type LogName,
  PRIORITY_RANK,
  parseLogName,
  type Report,
  TAXONOMY,
  type TextPayload,
} from '@konferenco/protocol';
import { planDeletion } from '../messages/correction.ts';
import { changeInTurn } from './change.ts';
import type { Context } from './context.ts';
import { ban, type Paged, requireRole, roleIn } from './membership.ts';
import {
  at,
  COUNTERS,
  EVENT_REPORTS,
  lastPart,
  listPage,
  MARK,
  put,
  read,
  recordKey,
  REPORTED,
  REPORTER_REPORTS,
  type ReportRecord,
  REPORTS,
} from './records.ts';
import { Refused } from './refused.ts';

export interface NewReport {
  readonly log: LogName;
  readonly message_id: string;
  readonly reason: string;
}

const MAX_QUOTE = 1_000;
const CASE_DIGITS = 7;

/**
 * Opens a case about a message the reporter may read, quoting it as it stands. The same message reported again by the
 * same person answers the case that is there. @throws {Refused}
 */
export async function report(context: Context, reporter: string, request: NewReport): Promise<Report> {
  const event = await eventOfLog(context, reporter, request.log);
  const entry = await context.store.locate(request.log, request.message_id);
  if (!entry) throw new Refused('not_found');
  if (entry.sender === reporter) throw new Refused('invalid', { detail: 'this message is your own' });
  const reported = recordKey(reporter, request.message_id);
  return changeInTurn(context, 'report', async () => {
    const [known, counter] = await Promise.all([
      read(context.store, REPORTED, reported),
      read(context.store, COUNTERS, 'report'),
    ]);
    if (known.value) return { result: await getReport(context, known.value.case) };
    const number = (counter.value?.last ?? 0) + 1;
    const id = `K-${String(number).padStart(CASE_DIGITS, '0')}`;
    const record: ReportRecord = {
      ...request,
      event,
      offset: entry.offset,
      reporter,
      reported: entry.sender,
      status: 'open',
      created_at: context.clock.now(),
      quote: quoteOf(entry.envelope),
    };
    return {
      command: {
        requires: [at(COUNTERS, 'report', counter.version), at(REPORTED, reported, 0)],
        changes: [
          put(COUNTERS, 'report', { last: number }),
          put(REPORTS, id, record),
          put(REPORTED, reported, { case: id }),
          put(EVENT_REPORTS, recordKey(event, id), MARK),
          put(REPORTER_REPORTS, recordKey(event, reporter, id), MARK),
        ],
      },
      result: view(id, record),
    };
  });
}

/** Cases of an event in the order they came: all of them for moderators, otherwise the caller's own. @throws {Refused} */
export async function listReports(
  context: Context,
  actor: string,
  event: string,
  query: { readonly after?: string | undefined; readonly limit?: number | undefined },
): Promise<Paged<Report>> {
  const { after, limit = 50 } = query;
  const all = isAtLeast(await roleIn(context, event, actor), 'moderator');
  const prefix = all ? `${event}/` : `${event}/${actor}/`;
  const page = await listPage(context.store, all ? EVENT_REPORTS : REPORTER_REPORTS, prefix, {
    limit,
    ...(after === undefined ? {} : { after: prefix + after }),
  });
  const items = await Promise.all(page.map(({ key }) => getReport(context, lastPart(key))));
  const last = page.length === limit ? page.at(-1) : undefined;
  return { items, ...(last ? { next: lastPart(last.key) } : {}) };
}

export interface Verdict {
  readonly status: 'dismissed' | 'actioned';
  readonly action: 'none' | 'remove_message' | 'ban';
}

/**
 * Decides a case once: moderators, but not the one it is about. Removing erases the message from the log in the same
 * transaction. @throws {Refused} `forbidden`, `not_found`, `conflict` when it was decided already
 */
export async function resolveReport(context: Context, actor: string, id: string, verdict: Verdict): Promise<Report> {
  if (verdict.status === 'dismissed' && verdict.action !== 'none') {
    throw new Refused('invalid', { detail: 'a dismissed case has no action' });
  }
  const known = await read(context.store, REPORTS, id);
  if (!known.value) throw new Refused('not_found');
  const { event, reported } = known.value;
  await requireRole(context, event, actor, 'moderator');
  if (reported === actor) throw new Refused('forbidden', { detail: 'nobody decides a case about themselves' });
  if (known.value.status !== 'open') throw new Refused('conflict');
  // First, since it may be refused; banning twice is the same as once.
  if (verdict.action === 'ban') await ban(context, actor, event, reported);
  const decided: ReportRecord = { ...known.value, ...verdict, decided_by: actor };
  const verdictChange: Command = { requires: [at(REPORTS, id, known.version)], changes: [put(REPORTS, id, decided)] };
  if (verdict.action === 'remove_message')
    await removeMessage(context, { actor, report: known.value, with: verdictChange });
  else if ((await context.store.commit([verdictChange]))[0]?.kind !== 'committed') throw new Refused('conflict');
  return view(id, decided);
}

interface Removal {
  readonly actor: string;
  readonly report: ReportRecord;
  /** What is decided with the removal, in the same transaction. */
  readonly with: Command;
}

/** Deletes a message as its author would, in the moderator's name: it is gone for everybody, live and later. */
async function removeMessage(context: Context, { actor, report, with: decision }: Removal): Promise<void> {
  const { store, bus, clock } = context;
  const found = await store.locate(report.log, report.message_id);
  const deletion = found && (await planDeletion(store, report.log, found));
  // Its author was faster: there is nothing left to remove.
  const plan = deletion?.kind === 'correction' ? deletion : { requires: [], changes: [], erases: [] };
  const envelope = deletionEnvelope(context, actor, report);
  const { log } = report;
  const expires_at = clock.now() + TAXONOMY.chat.delete.retention_s * 1000;
  const address = parseLogName(log);
  const notify = address?.kind === 'direct' ? address.users.map((user) => ({ user, reason: 'direct' as const })) : [];
  const json = JSON.stringify(envelope);
  const [outcome] = await store.commit([
    {
      appends: [{ log, id: envelope.id, sender: actor, envelope: json, expires_at, notify }],
      requires: [...(decision.requires ?? []), ...plan.requires],
      changes: [...(decision.changes ?? []), ...plan.changes],
      erases: plan.erases,
    },
  ]);
  const position = outcome?.kind === 'committed' ? outcome.positions[0] : undefined;
  if (outcome?.kind !== 'committed' || !position) throw new Refused('conflict');
  const entry = { offset: position.offset, at: outcome.at, envelope: json, rank: PRIORITY_RANK.normal };
  bus.publish({ kind: 'entry', log, entry, pointers: outcome.pointers });
}

function deletionEnvelope(
  { clock, random }: Context,
  user_id: string,
  { log, message_id, reported }: ReportRecord,
): Envelope {
  const now = clock.now();
  const id = createIdGenerator({ now: () => now, random16: () => random.bytes(16) })();
  const payload = { target: message_id };
  return {
    id,
    type: 'chat',
    subtype: 'delete',
    from: { user_id },
    to: addressOf(log, reported),
    payload,
    timestamp: now,
  };
}

function addressOf(log: LogName, person: string): Envelope['to'] {
  const address = parseLogName(log);
  if (address?.kind === 'channel') return { type: 'channel', id: address.channel };
  if (address?.kind === 'event') return { type: 'broadcast', id: address.event };
  return { type: 'user', id: person };
}

async function getReport(context: Context, id: string): Promise<Report> {
  const { value } = await read(context.store, REPORTS, id);
  if (!value) throw new Refused('not_found');
  return view(id, value);
}

/** The event whose moderators a message in `log` is reported to. */
async function eventOfLog(context: Context, reporter: string, log: LogName): Promise<string> {
  const { directory } = context;
  const decision = await directory.mayRead(reporter, log);
  if (decision !== 'ok') throw new Refused(decision);
  const address = parseLogName(log);
  switch (address?.kind) {
    case 'channel': {
      const channel = await directory.channel(address.channel);
      if (channel) return channel.event;
      break;
    }
    case 'event':
      return address.event;
    case 'direct': {
      const shared = await directory.sharedEvent(...address.users);
      if (shared !== null) return shared;
      break;
    }
  }
  throw new Refused('not_found');
}

/** What was said, as far as the server can read it. */
function quoteOf(envelope: string | null): string {
  if (envelope === null) return '';
  const { payload } = JSON.parse(envelope) as Envelope;
  const { text = '', attachments = [] } = payload as Partial<TextPayload>;
  // Sealed parts say nothing, and of their files only ids.
  const names = attachments.flatMap(({ name }) => (name === undefined ? [] : [`[${name}]`]));
  return [text, ...names]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(' ')
    .slice(0, MAX_QUOTE);
}

function view(id: string, record: ReportRecord): Report {
  const { event, log, message_id, reason, reporter, reported, status, created_at, quote } = record;
  return { case: id, event_id: event, log, message_id, reason, reporter, reported, status, created_at, quote };
}

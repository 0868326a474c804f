import {
  accept,
  type Command,
  type Decision,
  type EntryDraft,
  isOperationType,
  type Outcome,
  type Refusal,
  type Stored,
  StoreUnavailableError,
  type Transient,
} from '@konferenco/core';
import { type ClientFrameOf, type Envelope, ERROR_CODES, isSentAgain } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import { refuse, reply } from '../gateway/outgoing.ts';
import { hasAttachments, planBinding } from '../attachments/binding.ts';
import { planCorrection } from '../messages/correction.ts';
import { isPosition, positionOf } from '../positions/position-of.ts';
import { submitOperation } from '../sync/submit.ts';
import { toAppend, toCommand } from './publish-command.ts';
import type { Services } from './services.ts';

const NO_CONSENT = 'positions are taken only with the consent of their person';

/** An envelope on its way through the pipeline, with whom to answer. */
interface Publication {
  readonly services: Services;
  readonly connection: Connection;
  readonly ref: number | undefined;
  readonly envelope: Envelope;
  /** When the frame was read, by `performance.now()`. */
  readonly readAt: number;
  /** Id of the envelope it was sent behind. */
  readonly after: string | undefined;
}

/**
 * The publish pipeline: authorise, accept, commit, publish on the bus, reply. The reply comes after the `fsync`.
 *
 * @returns a promise while a later frame of the connection must wait: until the command is handed to the store.
 */
export function handlePublish(
  services: Services,
  connection: Connection,
  frame: ClientFrameOf<'publish'>,
): Promise<void> | void {
  const start = performance.now();
  const { ref, envelope, after } = frame;
  const publication = { services, connection, ref, envelope, after, readAt: start };
  connection.cameAgain(frame.envelope.id);
  const decision = services.access.mayPublish(connection.user, frame.envelope);
  const go = (answer: Decision): Promise<void> | void => {
    services.metrics.step('authorise', start);
    return answer === 'ok' ? acceptPublication(publication) : fail(publication, answer);
  };
  return decision instanceof Promise ? decision.then(go) : go(decision);
}

function acceptPublication(publication: Publication): Promise<void> | void {
  const { services, connection, envelope } = publication;
  const start = performance.now();
  const acceptance = accept(envelope, { user: connection.user, now: services.clock.now() });
  services.metrics.step('accept', start);
  if (acceptance.kind === 'refused') return fail(publication, acceptance.error, acceptance.detail);
  const wait =
    services.limits?.tryTake(connection.user, acceptance.rule, envelope.timestamp < connection.openedAt) ?? 0;
  if (typeof wait === 'number') return passRate(publication, acceptance, wait);
  return wait.then((ms) => passRate(publication, acceptance, ms));
}

function passRate(publication: Publication, acceptance: Stored | Transient, wait_ms: number): Promise<void> | void {
  const { services, envelope } = publication;
  if (wait_ms > 0) return fail(publication, 'rate_limited', '', Math.ceil(wait_ms));
  if (envelope.signature === undefined) return settle(publication, acceptance);
  return services
    .verifySignature(envelope)
    .then((valid) => (valid ? settle(publication, acceptance) : fail(publication, 'bad_signature')));
}

function settle(publication: Publication, acceptance: Stored | Transient): Promise<void> | void {
  const { services, envelope } = publication;
  services.metrics.countAccepted(envelope.type, acceptance.rule.guarantee);
  if (acceptance.kind === 'transient') return publishTransient(publication, acceptance);
  if (isPosition(envelope)) return commitPosition(publication, acceptance);
  if (envelope.type !== 'chat' && isOperationType(envelope.type)) return keepOperation(publication, acceptance);
  const { target, notify } = acceptance.entry;
  const corrects = target !== undefined && envelope.subtype !== 'reaction';
  if (corrects) return commitCorrection(publication, acceptance, target);
  if (hasAttachments(envelope)) return commitWithAttachments(publication, acceptance);
  if (notify.some((one) => one.reason === 'mention')) return commitWithMentions(publication, acceptance);
  commit(publication, acceptance, toCommand(services.knownPairs, envelope, acceptance));
}

/** A position is taken of who wants that, and of nobody else: it would stay in the log. */
async function commitPosition(publication: Publication, acceptance: Stored): Promise<void> {
  const { services, connection, envelope } = publication;
  try {
    if (!(await services.positions?.isAllowed(connection.user))) return fail(publication, 'forbidden', NO_CONSENT);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) services.onFault(error);
    return fail(publication, 'store_unavailable');
  }
  commit(publication, acceptance, { appends: [toAppend(envelope, acceptance)] });
}

/** Mentions reach those who may read the log, unless one of the two blocked the other. */
async function commitWithMentions(publication: Publication, acceptance: Stored): Promise<void> {
  const command = toCommand(
    publication.services.knownPairs,
    publication.envelope,
    await withReaders(publication, acceptance),
  );
  commit(publication, acceptance, command);
}

/** Attachments become part of the message in the command that appends it. Whoever takes hold of one first changes its record. */
async function commitWithAttachments(publication: Publication, acceptance: Stored, attempts = 3): Promise<void> {
  const { services, connection, envelope } = publication;
  const { log, entry } = acceptance;
  const request = { user: connection.user, log, envelope, expires_at: entry.expires_at };
  const plan = await planBinding(services.accounts, request);
  if (plan.kind === 'refused') return fail(publication, plan.error, plan.detail);
  const command = toCommand(services.knownPairs, envelope, await withReaders(publication, acceptance));
  const changes = [...(command.changes ?? []), ...plan.changes];
  const again = attempts > 1 ? () => commitWithAttachments(publication, acceptance, attempts - 1) : undefined;
  commit(publication, acceptance, { ...command, requires: plan.requires, changes }, again);
}

async function withReaders({ services, connection }: Publication, acceptance: Stored): Promise<Stored> {
  const { log, entry } = acceptance;
  const mayKnow = async ({ user, reason }: EntryDraft['notify'][number]): Promise<boolean> =>
    reason !== 'mention' ||
    ((await services.access.mayRead(user, log)) === 'ok' && !(await services.access.blocked(user, connection.user)));
  const allowed = await Promise.all(entry.notify.map(mayKnow));
  return { ...acceptance, entry: { ...entry, notify: entry.notify.filter((_, index) => allowed[index]) } };
}

async function commitCorrection(
  publication: Publication,
  acceptance: Stored,
  target: string,
  attempts = 3,
): Promise<void> {
  const { services, connection, envelope } = publication;
  const { id, subtype } = envelope;
  const request = { user: connection.user, log: acceptance.log, target, id, subtype };
  const plan = await planCorrection(services.store, services.access, request);
  if (plan.kind === 'refused') return fail(publication, plan.error, plan.detail);
  const command = toCommand(services.knownPairs, envelope, await withReaders(publication, acceptance));
  const changes = [...(command.changes ?? []), ...plan.changes];
  // Another correction of the message came in between, or this one by way of another node.
  const again = attempts > 1 ? () => commitCorrection(publication, acceptance, target, attempts - 1) : undefined;
  commit(publication, acceptance, { ...command, requires: plan.requires, changes, erases: plan.erases }, again);
}

/** An operation on replicated state. The connection's later frames wait until it is kept: they may build on it. */
async function keepOperation(publication: Publication, acceptance: Stored): Promise<void> {
  const { services, envelope } = publication;
  if (isOutOfTurn(publication)) return fail(publication, 'out_of_turn');
  const { metrics, onFault, accounts } = services;
  const kind = `${envelope.type}/${envelope.subtype}`;
  try {
    const kept = await submitOperation(accounts, { envelope, append: toAppend(envelope, acceptance) });
    metrics.operations.inc({ kind, outcome: kept.kind === 'refused' ? kept.error : kept.repeat ? 'repeat' : 'kept' });
    if (kept.kind === 'refused') return fail(publication, kept.error, kept.detail, kept.retry_after_ms);
    const { log, offset, at, repeat } = kept;
    answer(publication, `{"log":"${log}","offset":${offset},"at":${at}${repeat ? ',"duplicate":true' : ''}}`);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) onFault(error);
    metrics.operations.inc({ kind, outcome: 'store_unavailable' });
    fail(publication, 'store_unavailable');
  }
}

/** Asked at the last moment: what it was sent behind may have been refused while permissions were read. */
function isOutOfTurn({ connection, after }: Publication): boolean {
  return after !== undefined && connection.isRefused(after);
}

/** @param again plans anew after a conflict; without it the sender is told. */
function commit(publication: Publication, acceptance: Stored, command: Command, again?: () => Promise<void>): void {
  if (isOutOfTurn(publication)) return fail(publication, 'out_of_turn');
  const { store, metrics, onFault } = publication.services;
  const start = performance.now();
  store
    .commit([command])
    .then(
      ([outcome]) => {
        metrics.step('commit', start);
        if (outcome?.kind === 'conflict' && again) return again();
        if (outcome) finish(publication, acceptance, outcome);
      },
      () => fail(publication, 'store_unavailable'),
    )
    .catch(onFault);
}

function finish(publication: Publication, acceptance: Stored, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'committed':
      notePosition(publication, outcome.at);
      return publishStored(publication, acceptance, outcome);
    case 'duplicate': {
      const { log, offset } = outcome.position;
      notePosition(publication, outcome.at);
      return answer(publication, `{"log":"${log}","offset":${offset},"at":${outcome.at},"duplicate":true}`);
    }
    case 'id_reused':
      return fail(publication, 'id_reused');
    case 'conflict':
      return fail(publication, 'conflict', outcome.collection);
  }
}

/** Sent again, it may not have been noted before: the series keeps it once. */
function notePosition({ services, envelope }: Publication, at: number): void {
  const position = positionOf(envelope, at);
  if (position) services.positions?.note(position);
}

function publishStored(
  publication: Publication,
  { json, rank }: Stored,
  outcome: Extract<Outcome, { kind: 'committed' }>,
): void {
  const [position] = outcome.positions;
  if (!position) return;
  const { bus, metrics, knownPairs } = publication.services;
  const start = performance.now();
  const { log, offset } = position;
  bus.publish({
    kind: 'entry',
    log,
    entry: { offset, at: outcome.at, envelope: json, rank },
    pointers: outcome.pointers,
  });
  if (log.startsWith('dm:') && !isPosition(publication.envelope)) knownPairs.add(log);
  metrics.step('publish', start);
  answer(publication, `{"log":"${log}","offset":${offset},"at":${outcome.at}}`);
}

/** Best effort: on the bus at once, stored nowhere. Read marks are noted, and go to the reader's own devices and peer alone. */
function publishTransient(publication: Publication, { log, key, json, to }: Transient): void {
  const { services, connection, envelope } = publication;
  const isRead = envelope.type === 'chat' && envelope.subtype === 'read';
  if (isRead) services.readMarks.note(connection.user, log, (envelope.payload as { offset: number }).offset);
  const targets = new Set<string | undefined>(isRead ? [connection.user] : []);
  if (to !== undefined || !isRead) targets.add(to);
  for (const user of targets) {
    services.bus.publish({ kind: 'transient', log, envelope: json, key, ...(user === undefined ? {} : { to: user }) });
  }
  answer(publication, '{}');
}

function answer({ services, connection, ref, readAt }: Publication, data: string): void {
  services.metrics.acknowledged(readAt);
  if (!reply(connection, ref, data, services.sendBuffer)) connection.socket.close(4001, 'too many replies wait');
}

function fail(
  { services, connection, ref, envelope }: Publication,
  error: Refusal['error'],
  detail = '',
  retry_after_ms?: number,
): void {
  if (isSentAgain(ERROR_CODES[error].code)) connection.noteRefused(envelope.id);
  services.metrics.refusals.inc({ error });
  refuse(connection, { ref, error, detail, retry_after_ms });
}

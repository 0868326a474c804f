import { type Acceptance, type Append, accept, type Command, type Decision, type Outcome, type Refusal } from '@konferenco/core';
import { type ClientFrameOf, type Envelope, parseLogName } from '@konferenco/protocol';
import type { Connection } from '../gateway/connection.ts';
import { refuse, reply } from '../gateway/outgoing.ts';
import { resolveTarget } from './correction.ts';
import type { Services } from './services.ts';

type Stored = Extract<Acceptance, { kind: 'store' }>;
type Transient = Extract<Acceptance, { kind: 'transient' }>;

/**
 * The publish pipeline: authorise, accept, commit, publish on the bus, reply. The reply comes after the `fsync`.
 *
 * @returns a promise while a later frame of the connection must wait: until the command is handed to the store.
 */
export function handlePublish(services: Services, connection: Connection, frame: ClientFrameOf<'publish'>): Promise<void> | void {
  const start = performance.now();
  const { envelope, ref } = frame;
  if (envelope.from.user_id !== connection.user) return refusePublish(services, connection, ref, { error: 'sender_mismatch', detail: 'from.user_id' });
  const decision = services.access.mayPublish(connection.user, envelope);
  const go = (answer: Decision): Promise<void> | void => {
    services.metrics.step('authorise', start);
    if (answer !== 'ok') return refusePublish(services, connection, ref, { error: answer, detail: '' });
    return acceptPublish(services, connection, frame);
  };
  return decision instanceof Promise ? decision.then(go) : go(decision);
}

function acceptPublish(services: Services, connection: Connection, { envelope, ref }: ClientFrameOf<'publish'>): Promise<void> | void {
  const start = performance.now();
  const now = services.clock.now();
  const acceptance = accept(envelope, { user: connection.user, now });
  services.metrics.step('accept', start);
  if (acceptance.kind === 'refused') return refusePublish(services, connection, ref, acceptance);
  const wait = services.limits?.tryTake(connection.user, acceptance.rule, envelope.timestamp < connection.openedAt) ?? 0;
  if (wait > 0) return refusePublish(services, connection, ref, { error: 'rate_limited', detail: '', retry_after_ms: Math.ceil(wait) });
  if (envelope.signature === undefined) return settle(services, connection, { envelope, ref, acceptance });
  return services.verifySignature(envelope).then((valid) => {
    if (!valid) return refusePublish(services, connection, ref, { error: 'bad_signature', detail: '' });
    return settle(services, connection, { envelope, ref, acceptance });
  });
}

/** An envelope that may be published, with its request and what becomes of it. */
interface Accepted<A extends Acceptance = Stored | Transient> {
  readonly envelope: Envelope;
  readonly ref: number | undefined;
  readonly acceptance: A;
}

function settle(services: Services, connection: Connection, accepted: Accepted): Promise<void> | void {
  const { envelope, ref, acceptance } = accepted;
  services.metrics.countAccepted(envelope.type, acceptance.rule.guarantee);
  if (acceptance.kind === 'transient') {
    publishTransient(services, connection, { envelope, ref, acceptance });
    return;
  }
  const stored: Accepted<Stored> = { envelope, ref, acceptance };
  const { target, notify } = acceptance.entry;
  const corrects = target !== undefined && envelope.subtype !== 'reaction';
  if (!corrects && notify.every((one) => one.reason !== 'mention')) {
    commit(services, connection, stored, toCommand(services, stored));
    return;
  }
  return prepare(services, connection, stored, corrects ? target : null);
}

/** What has to be looked up before the commit: the message a correction is about, and who may be told of a mention. */
async function prepare(services: Services, connection: Connection, stored: Accepted<Stored>, target: string | null): Promise<void> {
  const { log, entry } = stored.acceptance;
  const mentioned = await Promise.all(
    entry.notify.map(async (one) =>
      one.reason !== 'mention' ||
      ((await services.access.mayRead(one.user, log)) === 'ok' && !(await services.access.blocked(one.user, connection.user))),
    ),
  );
  const notify = entry.notify.filter((_, index) => mentioned[index]);
  const narrowed: Accepted<Stored> = { ...stored, acceptance: { ...stored.acceptance, entry: { ...entry, notify } } };
  if (target === null) return commit(services, connection, narrowed, toCommand(services, narrowed));
  const { id, subtype } = stored.envelope;
  const correction = await resolveTarget(services, { user: connection.user, log, target, id, subtype });
  if (correction.kind === 'refused') return refusePublish(services, connection, stored.ref, correction);
  const { requires, changes, erases } = correction;
  const command = toCommand(services, narrowed);
  commit(services, connection, narrowed, { ...command, requires, erases, changes: [...(command.changes ?? []), ...changes] });
}

function toCommand(services: Services, { envelope, acceptance }: Accepted<Stored>): Command {
  const { log, entry } = acceptance;
  const { target: _, ...kept } = entry;
  const append: Append = { log, id: envelope.id, sender: envelope.from.user_id, envelope: JSON.stringify(envelope), ...kept };
  return { appends: [append], changes: services.knownPairs.has(log) ? [] : listPair(log) };
}

/** The records that put a direct conversation on both people's lists. */
function listPair(log: string): NonNullable<Command['changes']> {
  const address = parseLogName(log);
  if (address?.kind !== 'direct') return [];
  const [a, b] = address.users;
  const row = (user: string, peer: string) => ({ collection: 'direct', key: `${user}/${peer}`, value: {} });
  return a === b ? [row(a, b)] : [row(a, b), row(b, a)];
}

function commit(services: Services, connection: Connection, stored: Accepted<Stored>, command: Command): void {
  const start = performance.now();
  services.store.commit([command]).then(
    ([outcome]) => {
      services.metrics.step('commit', start);
      if (outcome) finish(services, connection, { ...stored, command, outcome });
    },
    () => refusePublish(services, connection, stored.ref, { error: 'store_unavailable', detail: '' }),
  );
}

interface Settled extends Accepted<Stored> {
  readonly command: Command;
  readonly outcome: Outcome;
}

function finish(services: Services, connection: Connection, { ref, acceptance, command, outcome }: Settled): void {
  switch (outcome.kind) {
    case 'committed': {
      const [position] = outcome.positions;
      const [append] = command.appends ?? [];
      if (!position || !append) return;
      const start = performance.now();
      const entry = { offset: position.offset, at: outcome.at, envelope: append.envelope, rank: acceptance.rank };
      services.bus.publish({ kind: 'entry', log: position.log, entry, pointers: outcome.pointers });
      for (const erased of command.erases ?? []) services.bus.publish({ kind: 'erased', ...erased });
      if (command.changes?.length) services.knownPairs.add(position.log);
      services.metrics.step('publish', start);
      answer(services, connection, ref, `{"log":"${position.log}","offset":${position.offset},"at":${outcome.at}}`);
      return;
    }
    case 'duplicate': {
      const { log, offset } = outcome.position;
      answer(services, connection, ref, `{"log":"${log}","offset":${offset},"at":${outcome.at},"duplicate":true}`);
      return;
    }
    case 'id_reused':
      refusePublish(services, connection, ref, { error: 'id_reused', detail: '' });
      return;
    case 'conflict':
      refusePublish(services, connection, ref, { error: 'conflict', detail: `${outcome.collection}/${outcome.key}` });
  }
}

/** Best effort: on the bus at once, stored nowhere. Read marks are noted, and go to the reader's own devices and peer alone. */
function publishTransient(services: Services, connection: Connection, { envelope, ref, acceptance }: Accepted<Transient>): void {
  const { log, key, to } = acceptance;
  const isRead = envelope.type === 'chat' && envelope.subtype === 'read';
  const json = JSON.stringify(envelope);
  if (isRead) services.readMarks.note(connection.user, log, (envelope.payload as { offset: number }).offset);
  const targets = new Set<string | undefined>(isRead ? [connection.user] : []);
  if (to !== undefined || !isRead) targets.add(to);
  for (const user of targets) {
    services.bus.publish({ kind: 'transient', log, envelope: json, key, ...(user === undefined ? {} : { to: user }) });
  }
  answer(services, connection, ref, '{}');
}

function answer(services: Services, connection: Connection, ref: number | undefined, data: string): void {
  if (!reply(connection, ref, data, services.sendBuffer)) connection.socket.close(4001, 'too many replies wait');
}

function refusePublish(
  services: Services,
  connection: Connection,
  ref: number | undefined,
  { error, detail, retry_after_ms }: Omit<Refusal, 'kind'>,
): void {
  services.metrics.refusals.inc({ error });
  refuse(connection, { ref, error, detail, retry_after_ms });
}


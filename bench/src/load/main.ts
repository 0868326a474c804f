/** The load process: reads one command per line, answers each with one line, ends when its input does. */

import type { Answer, Args, CommandName, Request, Result } from './commands.ts';
import type { Connection } from './connection.ts';
import { Crowd } from './crowd.ts';
import { Group } from './group.ts';
import { createMint } from './mint.ts';
import { closeConnections, fetchTickets, openConnections } from './pool.ts';
import { saturateFanOut, timeFanOut } from './traffic/fan-out.ts';
import { deafen, type Heard, listen, talk } from './traffic/model.ts';
import { meet } from './traffic/meeting.ts';
import { saturatePublish, timePublish } from './traffic/publish.ts';
import { recoverByCursor, recoverBySession } from './traffic/recover.ts';
import { saturateRelay, timeRelay } from './traffic/relay.ts';
import type { Wire, WireName } from './wire.ts';
import { acknowledgeAll, konferencoWire } from './wires/konferenco.ts';
import { rawWire } from './wires/raw.ts';
import { shortWire } from './wires/short.ts';
import { socketIoWire } from './wires/socket-io.ts';
import { LIMITS } from '@konferenco/protocol';

const WIRES: Readonly<Record<WireName, Wire>> = {
  raw: rawWire,
  'socket.io': socketIoWire,
  konferenco: konferencoWire,
  short: shortWire,
};

type Handlers = { readonly [N in CommandName]: (args: Args<N>) => Result<N> | Promise<Result<N>> };

function createHandlers(groups: Map<string, Group>): Handlers {
  const group = (name: string): Group => {
    const found = groups.get(name);
    if (!found) throw new Error(`no group ${name}`);
    return found;
  };
  const first = (name: string): Connection => {
    const [connection] = group(name).connections;
    if (!connection) throw new Error(`group ${name} is empty`);
    return connection;
  };
  const heard = new Map<string, () => Heard>();
  return {
    ping: () => null,
    open(args) {
      const into =
        groups.get(args.group) ?? new Group(WIRES[args.wire], args.channel, args.crowd ? new Crowd(args.crowd) : null);
      groups.set(args.group, into);
      if (args.ticket_secret !== undefined) into.mint = createMint(args.ticket_secret);
      return openConnections(into, args.address, args.plan);
    },
    async tickets(args) {
      await fetchTickets(group(args.group), args.address, args.plan);
      return null;
    },
    async close(args) {
      await closeConnections(group(args.group), args.farewell);
      return null;
    },
    saturateFanOut: (args) => saturateFanOut(group(args.members), first(args.publisher), args.plan),
    timeFanOut: (args) => timeFanOut(group(args.members), first(args.publisher), args.plan),
    saturateRelay: (args) =>
      saturateRelay({ senders: group(args.senders), receivers: group(args.receivers) }, args.plan),
    timeRelay: (args) => timeRelay({ senders: group(args.senders), receivers: group(args.receivers) }, args.size, args),
    saturatePublish: (args) => saturatePublish(group(args.publishers), args.plan),
    timePublish: (args) => timePublish(group(args.publishers), args.plan),
    listen(args) {
      heard.set(args.group, listen(group(args.group)));
      return null;
    },
    talk: (args) => talk(group(args.group), new Crowd(args.crowd), args.crowd.subscriptions, args.plan),
    heard(args) {
      const tell = heard.get(args.group);
      if (!tell) throw new Error(`nobody listens in group ${args.group}`);
      if (args.stop) deafen(group(args.group));
      return tell();
    },
    recoverByCursor: (args) => recoverByCursor(new Group(WIRES[args.wire], args.channel), args.address, args),
    recoverBySession: (args) => recoverBySession(group(args.members), first(args.publisher), args.address, args.plan),
    meet: (args) => meet(group(args.members), args.plan),
    counters: (args) => group(args.group).counters,
  };
}

async function answer(handlers: Handlers, line: string): Promise<Answer> {
  try {
    const { name, args } = JSON.parse(line) as Request;
    const handler = handlers[name] as (args: unknown) => unknown;
    return { ok: true, result: await handler(args) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

const groups = new Map<string, Group>();
const handlers = createHandlers(groups);
setInterval(() => {
  for (const group of groups.values()) acknowledgeAll(group);
}, LIMITS.ack_ms);
for await (const line of console) process.stdout.write(`${JSON.stringify(await answer(handlers, line))}\n`);
process.exit(0);

import type { Address } from './connection.ts';
import type { Counters } from './group.ts';
import type { Pace } from './pace.ts';
import type { Farewell, OpenPlan, Opened, TicketPlan } from './pool.ts';
import type { Saturated, Saturation, Rounds, RoundTimes } from './traffic/fan-out.ts';
import type { Meeting, MeetingPlan } from './traffic/meeting.ts';
import type { Published, PublishPlan, TimedPublished, TimedPublishPlan } from './traffic/publish.ts';
import type { Recovered, SessionGap } from './traffic/recover.ts';
import type { Relayed, RelayPlan, RelayTimes } from './traffic/relay.ts';
import type { CrowdPlan } from './crowd.ts';
import type { Heard, Talked, TalkPlan } from './traffic/model.ts';
import type { WireName } from './wire.ts';

/**
 * What a scenario asks of the load process, one JSON line each. Groups are named by the scenario; `open` makes a
 * group or adds to it.
 */
export interface Commands {
  /** Answers at once: the process is up. */
  ping(args: Record<string, never>): null;
  open(args: {
    group: string;
    wire: WireName;
    address: Address;
    channel: string | null;
    /** Given: the group's members are these people, each in channels of its own. */
    crowd?: CrowdPlan;
    /** Given: everybody comes by a ticket made from this secret of the servers (base64url). */
    ticket_secret?: string;
    plan: OpenPlan;
  }): Opened;
  /** For the members of an existing group that will open next; they then come by ticket. */
  tickets(args: { group: string; address: Address; plan: TicketPlan }): null;
  close(args: { group: string; farewell: Farewell }): null;
  saturateFanOut(args: { members: string; publisher: string; plan: Saturation }): Saturated;
  timeFanOut(args: { members: string; publisher: string; plan: Rounds }): RoundTimes;
  saturateRelay(args: { senders: string; receivers: string; plan: RelayPlan }): Relayed;
  timeRelay(args: { senders: string; receivers: string; size: number } & Pace): RelayTimes;
  saturatePublish(args: { publishers: string; plan: PublishPlan }): Published;
  /** Publishes at an even pace, whatever comes back, and measures until the acknowledgements. */
  timePublish(args: { publishers: string; plan: TimedPublishPlan }): TimedPublished;
  /** From now on what a crowd hears is counted, until it is told to stop. */
  listen(args: { group: string }): null;
  talk(args: { group: string; crowd: CrowdPlan; plan: TalkPlan }): Talked;
  /** What was heard since `listen`. */
  heard(args: { group: string; stop: boolean }): Heard;
  recoverByCursor(args: { wire: WireName; address: Address; channel: string; after: number }): Recovered;
  recoverBySession(args: { members: string; publisher: string; address: Address; plan: SessionGap }): Recovered;
  meet(args: { members: string; plan: MeetingPlan }): Meeting;
  counters(args: { group: string }): Counters;
}

export type CommandName = keyof Commands;
export type Args<N extends CommandName> = Parameters<Commands[N]>[0];
export type Result<N extends CommandName> = ReturnType<Commands[N]>;

export interface Request {
  readonly name: CommandName;
  readonly args: unknown;
}
export type Answer = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: string };

import type { ProgrammeRecord } from './records.ts';
import { DEMO_PEOPLE } from './seed-people.ts';

export const DEMO_TIME_ZONE = 'Pacific/Auckland';

interface Slot {
  readonly id: string;
  readonly day: 0 | 1;
  /** Local time of the venue, and minutes. */
  readonly from: readonly [hour: number, minute: number];
  readonly minutes: number;
  readonly title: string;
  readonly room: string;
  readonly speakers: readonly string[];
  readonly abstract: string;
  readonly channel_id?: string;
}

const SLOTS: readonly Slot[] = [
  {
    id: 'whakatau',
    day: 0,
    from: [9, 0],
    minutes: 45,
    title: 'Mihi whakatau · Welcome',
    room: 'Wharenui',
    speakers: ['hemi-rangihuna', 'ngaire-holloway'],
    abstract:
      'Nau mai, haere mai. We are welcomed onto the marae together; please gather at the gate ten minutes before.',
    channel_id: 'korero',
  },
  {
    id: 'repo',
    day: 0,
    from: [10, 0],
    minutes: 50,
    title: 'Repo: bringing a wetland back',
    room: 'Wharenui',
    speakers: ['mere-tawhai'],
    abstract:
      'What old survey maps tell about where water wants to be, and what happened when one valley let it go there.',
    channel_id: 'wai',
  },
  {
    id: 'soil',
    day: 0,
    from: [10, 0],
    minutes: 50,
    title: 'What lives under a paddock',
    room: 'Rūma Kōwhai',
    speakers: ['priya-nair'],
    abstract: 'A spade, a white tray and a hand lens: how to read a soil in ten minutes. Bring boots.',
  },
  {
    id: 'sensors',
    day: 0,
    from: [11, 15],
    minutes: 45,
    title: 'River sensors that look after themselves',
    room: 'Rūma Rātā',
    speakers: ['sefa-leota'],
    abstract: 'Forty-one probes, three floods, two winters. What broke, what did not, and what the numbers changed.',
    channel_id: 'wai',
  },
  {
    id: 'seed',
    day: 0,
    from: [11, 15],
    minutes: 45,
    title: 'He kākano: collecting seed locally',
    room: 'Wharenui',
    speakers: ['wiremu-paraone'],
    abstract: 'When to collect, from how many trees, and how to keep what you collected alive until spring.',
    channel_id: 'ngahere',
  },
  {
    id: 'lunch-one',
    day: 0,
    from: [12, 15],
    minutes: 60,
    title: 'Kai o te rānui · Lunch',
    room: 'Wharekai',
    speakers: [],
    abstract: 'Vegetarian and gluten-free at the left-hand table. Please rinse your plate.',
    channel_id: 'kai',
  },
  {
    id: 'trapping',
    day: 0,
    from: [13, 30],
    minutes: 60,
    title: 'Trapping without giving up',
    room: 'Rūma Kōwhai',
    speakers: ['ruth-calder'],
    abstract: 'A trap line is a habit. Rosters, records and what keeps a group of volunteers going in its fifth year.',
    channel_id: 'ngahere',
  },
  {
    id: 'walk',
    day: 0,
    from: [15, 0],
    minutes: 90,
    title: 'Walk to the lower stream',
    room: 'Meet at the gate',
    speakers: ['mere-tawhai', 'sefa-leota'],
    abstract: 'Two easy kilometres on gravel, step-free as far as the bridge. We look for eels and read a live gauge.',
    channel_id: 'wai',
  },
  {
    id: 'tamariki',
    day: 1,
    from: [9, 0],
    minutes: 50,
    title: 'Thirty children and one stream',
    room: 'Wharenui',
    speakers: ['jack-whitcombe'],
    abstract: 'A year of weekly water samples taken by nine-year-olds, and the council meeting it ended in.',
  },
  {
    id: 'radio',
    day: 1,
    from: [9, 0],
    minutes: 50,
    title: 'Messages where there is no coverage',
    room: 'Rūma Rātā',
    speakers: ['lena-brandt'],
    abstract:
      'Small radios, long hills: what works for trap lines, musters and search parties, with the set-up to try.',
  },
  {
    id: 'nursery',
    day: 1,
    from: [10, 15],
    minutes: 60,
    title: 'Start a nursery behind the shed',
    room: 'Te Tēneti · Marquee',
    speakers: ['tomasi-vake', 'wiremu-paraone'],
    abstract: 'Hands on. Everybody leaves with a tray of twenty seedlings and a list of what can go wrong.',
    channel_id: 'ngahere',
  },
  {
    id: 'farm',
    day: 1,
    from: [11, 30],
    minutes: 45,
    title: 'Fencing the creek and staying in business',
    room: 'Wharenui',
    speakers: ['aroha-potiki', 'priya-nair'],
    abstract: 'Figures from one farm over eight winters, good ones and bad ones, and time for questions.',
    channel_id: 'wai',
  },
  {
    id: 'lunch-two',
    day: 1,
    from: [12, 15],
    minutes: 60,
    title: 'Kai o te rānui · Lunch',
    room: 'Wharekai',
    speakers: [],
    abstract: 'Hāngī, from the pit behind the kitchen. Vegetarian trays at the left-hand table.',
    channel_id: 'kai',
  },
  {
    id: 'poroporoaki',
    day: 1,
    from: [14, 0],
    minutes: 60,
    title: 'Poroporoaki · Farewell',
    room: 'Wharenui',
    speakers: ['ngaire-holloway', 'hemi-rangihuna'],
    abstract: 'What we take home, who does what until next year, and a song.',
    channel_id: 'korero',
  },
];

/** The two days of the programme, beginning on the day that `now` (Unix ms) falls on at the venue. */
export function demoProgramme(now: number): readonly { readonly id: string; readonly session: ProgrammeRecord }[] {
  return SLOTS.map(({ id, day, from, minutes, speakers, ...slot }) => {
    const starts_at = venueTime(now, day, from);
    const named = speakers.map((user_id) => ({ name: nameOf(user_id), user_id }));
    return { id, session: { ...slot, starts_at, ends_at: starts_at + minutes * 60_000, speakers: named } };
  });
}

function nameOf(user: string): string {
  return DEMO_PEOPLE.find(({ id }) => id === user)?.name ?? user;
}

/** Unix ms of a local time at the venue, `days` after the day of `now` there. */
function venueTime(now: number, days: number, [hour, minute]: readonly [number, number]): number {
  const local = new Date(now + offsetAt(now));
  const wanted = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + days, hour, minute);
  // The offset at the wanted time may differ from today's when summer time begins or ends in between.
  return wanted - offsetAt(wanted - offsetAt(wanted));
}

/** Milliseconds that the venue's clocks are ahead of UTC at a moment. */
function offsetAt(at: number): number {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: DEMO_TIME_ZONE,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((each) => each.type === type)?.value);
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return local - Math.floor(at / 1000) * 1000;
}

import type { Channel, EventInfo, Member, Message, Report, Session, TimelineEntry, User } from '@konferenco/client';

/** Fixed time of the made-up event (Unix ms): Thursday 19 November 2026, 14:30 in Auckland. */
export const NOW = Date.UTC(2026, 10, 19, 1, 30);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const ME: User = { id: 'u-aroha', name: 'Aroha Ngata', about: 'Brings growers and buyers together.' };
const PEOPLE: readonly User[] = [
  ME,
  { id: 'u-mere', name: 'Mere Tūhoe', about: 'Soil scientist, Te Wairoa.' },
  { id: 'u-tom', name: 'Tom Whitaker', about: 'Dairy, 340 cows, one dog that works.' },
  { id: 'u-ines', name: 'Inês Carvalho-Brandão' },
  { id: 'u-hone', name: 'Hōne Parata', about: 'Runs the front desk. Ask me where things are.' },
  { id: 'u-li', name: '李 明' },
  { id: 'u-yael', name: 'יעל כהן' },
];

export const MEMBERS: readonly Member[] = PEOPLE.map((user, i) => ({
  user,
  role: (['owner', 'speaker', 'attendee', 'exhibitor', 'moderator'] as const)[i] ?? 'attendee',
}));
export const EVENT: EventInfo = {
  id: 'e-1',
  title: 'Kai & Whenua 2026',
  role: 'owner',
  time_zone: 'Pacific/Auckland',
  members: 1_240,
};

const channel = (id: string, title: string, more: Partial<Channel> = {}): Channel => ({
  id,
  event_id: EVENT.id,
  title,
  topic: '',
  visibility: 'public',
  archived: false,
  created_by: ME.id,
  joined: true,
  may_post: true,
  may_moderate: true,
  ...more,
});
export const CHANNELS: readonly Channel[] = [
  channel('welcome', 'Welcome', { topic: 'Say hello, ask anything.' }),
  channel('news', 'Announcements', { visibility: 'announce', may_post: false }),
  channel('crew', 'Crew', { visibility: 'private', topic: 'For those who carry chairs.' }),
  channel('soil', 'Soil and water', { joined: false, may_post: true, topic: 'Talks in room B.' }),
  channel('empty', 'Te reo table', {}),
  channel('long', 'Everything ever said', {}),
];

type Slot = readonly [room: string, startsIn: number, speaker: User, channelId?: string];
const session = (id: string, title: string, [room, startsIn, speaker, channelId]: Slot): Session => ({
  id,
  title,
  room,
  starts_at: NOW + startsIn,
  ends_at: NOW + startsIn + 45 * MINUTE,
  speakers: [{ name: speaker.name, user_id: speaker.id }],
  abstract: 'What changed in ten years of measuring, what it cost, and what a small farm can do about it next winter.',
  ...(channelId ? { channel_id: channelId } : {}),
});
const [, mere = ME, tom = ME, ines = ME] = PEOPLE;
export const SESSIONS: readonly Session[] = [
  session('s-1', 'Opening and mihi whakatau', ['Main hall', -5 * HOUR, ME]),
  session('s-2', 'Reading soil without a laboratory', ['Room B', -20 * MINUTE, mere, 'soil']),
  session('s-3', 'What a buyer needs to know before lambing', ['Room A', HOUR, tom]),
  session('s-4', 'Cooperatives across borders: what travels and what does not', ['Main hall', 2 * HOUR, ines]),
  session('s-6', 'Fencing a river without losing the river', ['Room A', 2 * HOUR + 15 * MINUTE, ME]),
  session('s-5', 'Water rights, plainly', ['Room B', 20 * HOUR, mere, 'soil']),
  session('s-7', 'Kōrero mō te whenua: stories of one valley', ['Main hall', 21 * HOUR, ME]),
  session('s-8', 'Closing and karakia', ['Main hall', 26 * HOUR, ME]),
];

export const REPORTS: readonly Report[] = [
  {
    case: '2026-14',
    event_id: EVENT.id,
    log: 'ch:welcome',
    message_id: '00000000-0000-7000-8000-000000000001',
    reason: 'This is the third time today he posts the same advertisement.',
    reporter: 'u-mere',
    reported: 'u-tom',
    status: 'open',
    created_at: NOW - 12 * MINUTE,
    quote: 'Best tractors, best prices, stand 14!!!',
  },
];

/** Makes messages with ids and offsets that count up from the start of each log. */
export function createMessages(log: string): (more: Partial<Message>) => Message {
  let made = 0;
  const prefix = [...log]
    .reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 65_536, 7)
    .toString(16)
    .padStart(4, '0');
  return (more) => {
    made++;
    return {
      kind: 'message',
      id: `${prefix}0000-0000-7000-8000-${String(made).padStart(12, '0')}`,
      log,
      offset: made,
      sender: ME.id,
      text: '',
      mentions: [],
      timestamp: NOW,
      edited: false,
      replies: 0,
      reactions: [],
      state: 'stored',
      ...more,
    };
  };
}

/** What was said in each log when the page opens. */
export function createTimelines(): ReadonlyMap<string, readonly TimelineEntry[]> {
  return new Map<string, readonly TimelineEntry[]>([
    ['ch:welcome', welcome()],
    [
      'ch:news',
      [
        createMessages('ch:news')({
          text: 'Lunch is at 12:30 in the marquee. Bring your own cup if you can.',
          timestamp: NOW - 3 * HOUR,
        }),
      ],
    ],
    [
      'ch:crew',
      [
        createMessages('ch:crew')({
          sender: 'u-hone',
          text: 'Chairs for room B are by the side door.',
          timestamp: NOW - 50 * MINUTE,
        }),
      ],
    ],
    [
      'ch:soil',
      [
        createMessages('ch:soil')({
          sender: 'u-mere',
          text: 'Questions for the session go here.',
          timestamp: NOW - 90 * MINUTE,
        }),
      ],
    ],
    ['ch:empty', []],
    ['ch:long', long()],
    ['dm:u-aroha:u-mere', direct()],
    [
      'dm:u-aroha:u-yael',
      [createMessages('dm:u-yael')({ sender: 'u-yael', text: 'שלום, נפגשים ליד הכניסה?', timestamp: NOW - 4 * HOUR })],
    ],
  ]);
}

function welcome(): readonly TimelineEntry[] {
  const m = createMessages('ch:welcome');
  const question = m({
    sender: 'u-tom',
    text: 'Morning all. Is there anywhere to charge a phone near the main hall?',
    timestamp: NOW - 26 * HOUR,
    replies: 2,
  });
  const answer = m({
    sender: 'u-hone',
    text: 'Behind the information desk, eight sockets.',
    timestamp: NOW - 26 * HOUR + 3 * MINUTE,
    reply_to: question.id,
    reactions: [
      { emoji: '🙏', users: ['u-tom', ME.id] },
      { emoji: '👍', users: ['u-mere'] },
    ],
  });
  return [
    question,
    answer,
    { kind: 'gap', from: 3, to: 240, reason: 'skipped' },
    m({
      sender: 'u-ines',
      text: 'The map is at https://example.org/map if anybody is as lost as I was.',
      timestamp: NOW - 70 * MINUTE,
    }),
    m({ sender: 'u-ines', text: 'It works offline too.', timestamp: NOW - 69 * MINUTE, edited: true }),
    m({
      text: 'Kia ora koutou, and welcome. The mihi whakatau begins at 9:30; please be seated five minutes before.',
      timestamp: NOW - 55 * MINUTE,
      state: 'read',
    }),
    m({ sender: 'u-li', text: '大家好！很高兴来到这里。', timestamp: NOW - 40 * MINUTE }),
    m({ sender: 'u-tom', text: '', gone: 'erased', timestamp: NOW - 22 * MINUTE }),
    m({
      sender: 'u-mere',
      text: '@Aroha Ngata can you bring the long table to room B before two?',
      mentions: [ME.id],
      timestamp: NOW - 9 * MINUTE,
    }),
    m({
      sender: 'u-mere',
      text: 'Room B is warmer now, by the way. They found the switch.',
      timestamp: NOW - 8 * MINUTE,
    }),
  ];
}

function direct(): readonly TimelineEntry[] {
  const m = createMessages('dm:u-mere');
  return [
    m({
      sender: 'u-mere',
      text: 'Tēnā koe Aroha! Are you free at three to look at the samples?',
      timestamp: NOW - 2 * HOUR,
    }),
    m({ text: 'Yes. By the side door?', timestamp: NOW - 110 * MINUTE, state: 'read' }),
    m({ text: 'I can bring the auger.', timestamp: NOW - 109 * MINUTE, state: 'stored' }),
    m({
      text: 'And the paper towels, because last time…',
      timestamp: NOW - 2 * MINUTE,
      state: 'failed',
      offset: null,
      error: { code: 3000, error: 'rate_limited', message: 'Too many messages.', retry_at: NOW + 4 * MINUTE },
    }),
    m({ text: 'On my way.', timestamp: NOW - MINUTE, state: 'queued', offset: null }),
  ];
}

/** Long enough that nothing but a virtualised list can show it. */
export const LONG = 100_000;

function long(): readonly TimelineEntry[] {
  const m = createMessages('ch:long');
  return Array.from({ length: LONG }, (_, i) =>
    m({
      sender: PEOPLE[(i >> 2) % PEOPLE.length]?.id ?? ME.id,
      text: `Message ${i + 1}${i % 7 === 0 ? ', which goes on for a while so that it needs a second line on most screens, and on a phone a third.' : '.'}`,
      timestamp: NOW - (LONG - i) * MINUTE,
    }),
  );
}

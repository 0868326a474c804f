/** One line of talk in the demo event. */
export interface Line {
  /** Name by which later lines refer to this one. */
  readonly key?: string;
  readonly channel: string;
  readonly from: string;
  /** Minutes before now. */
  readonly ago: number;
  readonly text: string;
  readonly mentions?: readonly string[];
  /** Keys of the thread's root, or of the message this one answers. */
  readonly thread?: string;
  readonly reply_to?: string;
  /** Who reacted with what. */
  readonly reactions?: Readonly<Record<string, readonly string[]>>;
}

const panui: readonly Line[] = [
  {
    key: 'welcome',
    channel: 'panui',
    from: 'ngaire-holloway',
    ago: 1_180,
    text: 'Nau mai, haere mai ki te Hui Taiao 2026! The gate opens at 8:15. Please gather ten minutes before the mihi whakatau at 9:00.',
    reactions: {
      '🌿': ['mere-tawhai', 'aroha-potiki', 'jack-whitcombe', 'lena-brandt'],
      '👋': ['sefa-leota', 'moana-te-aho'],
    },
  },
  {
    channel: 'panui',
    from: 'hemi-rangihuna',
    ago: 190,
    text: '“River sensors that look after themselves” has moved to Rūma Rātā, beside the library. Same time, more chairs.',
    reactions: { '👍': ['sefa-leota', 'priya-nair', 'jack-whitcombe'] },
  },
  {
    channel: 'panui',
    from: 'hemi-rangihuna',
    ago: 48,
    text: 'Afternoon walk: rain is forecast for about four. We go anyway. Coats are in the porch for those who need one.',
    reactions: { '🌧️': ['mere-tawhai', 'aroha-potiki'] },
  },
];

const korero: readonly Line[] = [
  {
    channel: 'korero',
    from: 'moana-te-aho',
    ago: 1_120,
    text: 'Kia ora koutou! I am at the tea urn until ten. Come and say hello, especially if it is your first hui.',
    reactions: { '☕': ['aroha-potiki', 'jack-whitcombe', 'priya-nair'] },
  },
  {
    channel: 'korero',
    from: 'jack-whitcombe',
    ago: 1_112,
    text: 'First time here. Driving up from the coast tonight with two very excited colleagues.',
  },
  {
    channel: 'korero',
    from: 'aroha-potiki',
    ago: 1_105,
    text: '@Jack Whitcombe welcome! Take the river road, the hill road has a slip.',
    mentions: ['jack-whitcombe'],
    reactions: { '🙏': ['jack-whitcombe'] },
  },
  {
    key: 'recording',
    channel: 'korero',
    from: 'lena-brandt',
    ago: 420,
    text: 'Will the talks be recorded? I have to be at our stand during the soil session.',
  },
  {
    channel: 'korero',
    from: 'hemi-rangihuna',
    ago: 414,
    thread: 'recording',
    text: 'Sound only, for those speakers who agree. Links go up in Pānui next week.',
  },
  {
    channel: 'korero',
    from: 'priya-nair',
    ago: 409,
    thread: 'recording',
    text: 'Fine with me. I will add the photographs of the trays.',
  },
  { channel: 'korero', from: 'lena-brandt', ago: 405, thread: 'recording', text: 'Perfect, ngā mihi!' },
  {
    channel: 'korero',
    from: 'mere-tawhai',
    ago: 96,
    text: 'Thank you all for the questions this morning. The 1889 survey map is on the table in the Wharenui, please turn the pages gently.',
    reactions: { '❤️': ['aroha-potiki', 'ruth-calder', 'ngaire-holloway'], '🗺️': ['jack-whitcombe'] },
  },
  {
    channel: 'korero',
    from: 'ruth-calder',
    ago: 41,
    text: 'Ka pai, Mere. I have trapped that valley for years and never knew there was a lake in it.',
  },
  {
    channel: 'korero',
    from: 'tomasi-vake',
    ago: 17,
    text: 'Stand 4 has harakeke and mānuka left. The kōwhai went in an hour.',
  },
];

const wai: readonly Line[] = [
  {
    key: 'gauge',
    channel: 'wai',
    from: 'sefa-leota',
    ago: 330,
    text: 'The gauge at the lower bridge read 0.62 m at seven this morning and 0.58 m now. Falling, good for the walk.',
    reactions: { '📉': ['mere-tawhai'] },
  },
  {
    channel: 'wai',
    from: 'aroha-potiki',
    ago: 322,
    thread: 'gauge',
    text: 'How long does one battery last in that thing?',
  },
  {
    channel: 'wai',
    from: 'sefa-leota',
    ago: 318,
    thread: 'gauge',
    text: 'Fourteen months so far, with one reading every ten minutes. Shade is the enemy, not rain.',
  },
  {
    channel: 'wai',
    from: 'jack-whitcombe',
    ago: 311,
    thread: 'gauge',
    text: 'Could a class of nine-year-olds build one?',
  },
  {
    channel: 'wai',
    from: 'sefa-leota',
    ago: 306,
    thread: 'gauge',
    text: '@Jack Whitcombe two of the forty-one were built by one. Those two never failed.',
    mentions: ['jack-whitcombe'],
    reactions: { '😄': ['jack-whitcombe', 'mere-tawhai', 'aroha-potiki', 'moana-te-aho'] },
  },
  {
    channel: 'wai',
    from: 'priya-nair',
    ago: 240,
    text: 'Does anybody have nitrate readings from before and after planting a bank? Even three years would help.',
  },
  {
    channel: 'wai',
    from: 'aroha-potiki',
    ago: 233,
    text: '@Priya Nair eight winters, on paper, in a biscuit tin. It is in the ute. Lunch?',
    mentions: ['priya-nair'],
    reactions: { '🤩': ['priya-nair'] },
  },
  {
    channel: 'wai',
    from: 'mere-tawhai',
    ago: 72,
    text: 'Ko te wai te ora o ngā mea katoa. See you at the gate at three; the first eel pays for the coffee.',
    reactions: { '🐟': ['sefa-leota', 'jack-whitcombe', 'ruth-calder'] },
  },
  {
    channel: 'wai',
    from: 'jack-whitcombe',
    ago: 12,
    text: 'Is the path fine for a wheelchair? Asking for a colleague.',
  },
  {
    channel: 'wai',
    from: 'mere-tawhai',
    ago: 8,
    text: '@Jack Whitcombe yes, as far as the bridge, and the gauge is on the bridge. We will wait there together.',
    mentions: ['jack-whitcombe'],
    reactions: { '👍': ['jack-whitcombe', 'sefa-leota'] },
  },
];

const kai: readonly Line[] = [
  {
    channel: 'kai',
    from: 'moana-te-aho',
    ago: 290,
    text: 'Lunch today: pumpkin soup, fried bread, and more watercress than anybody has ever seen.',
    reactions: { '😋': ['tomasi-vake', 'ruth-calder'] },
  },
  {
    key: 'lift',
    channel: 'kai',
    from: 'lena-brandt',
    ago: 150,
    text: 'Is anyone driving to the station after the poroporoaki tomorrow? Two people, two bags, one radio mast (folded).',
  },
  {
    channel: 'kai',
    from: 'tomasi-vake',
    ago: 143,
    reply_to: 'lift',
    text: 'Yes! Leaving at half past three. The mast travels with the trees.',
  },
  {
    channel: 'kai',
    from: 'ruth-calder',
    ago: 66,
    text: 'Found: one blue water bottle with a fantail on it, at the Rūma Kōwhai door.',
  },
  {
    channel: 'kai',
    from: 'priya-nair',
    ago: 59,
    text: 'Mine, ngā mihi nui Ruth!',
    reactions: { '💙': ['ruth-calder'] },
  },
  { channel: 'kai', from: 'moana-te-aho', ago: 22, text: 'Kei te wharekai te kawhe. The good cups too.' },
];

const ngahere: readonly Line[] = [
  {
    key: 'tawa',
    channel: 'ngahere',
    from: 'wiremu-paraone',
    ago: 275,
    text: 'Tawa seed is early this year. If you collect, take from at least ten trees and leave plenty for the kererū.',
  },
  {
    channel: 'ngahere',
    from: 'tomasi-vake',
    ago: 268,
    thread: 'tawa',
    text: 'Ours came up after three weeks without any treatment. Keep them wet.',
  },
  { channel: 'ngahere', from: 'aroha-potiki', ago: 262, thread: 'tawa', text: 'Shade cloth or under trees?' },
  {
    channel: 'ngahere',
    from: 'wiremu-paraone',
    ago: 255,
    thread: 'tawa',
    text: 'Under trees. They know.',
    reactions: { '🌳': ['aroha-potiki', 'tomasi-vake', 'mere-tawhai'] },
  },
  {
    channel: 'ngahere',
    from: 'ruth-calder',
    ago: 101,
    text: 'My trap line figures are pinned up in Rūma Kōwhai: nineteen years on one sheet of wallpaper.',
  },
];

const kaiawhina: readonly Line[] = [
  {
    channel: 'kaiawhina',
    from: 'ngaire-holloway',
    ago: 205,
    text: 'Who can take the microphone round at the farm session tomorrow?',
  },
  { channel: 'kaiawhina', from: 'moana-te-aho', ago: 199, text: 'Me. I would like a seat at the end of a row, then.' },
  {
    channel: 'kaiawhina',
    from: 'hemi-rangihuna',
    ago: 36,
    text: '@Moana Te Aho done, row three. Coats for the walk are in the porch.',
    mentions: ['moana-te-aho'],
    reactions: { '✅': ['moana-te-aho', 'ngaire-holloway'] },
  },
];

/** Everything said so far, oldest first. */
export const DEMO_TALK: readonly Line[] = [...panui, ...korero, ...wai, ...kai, ...ngahere, ...kaiawhina].sort(
  (a, b) => b.ago - a.ago,
);

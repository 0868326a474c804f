import type { Role, Visibility } from '@konferenco/protocol';

export interface DemoPerson {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly about: string;
}

/** Invented people of the demo event. */
export const DEMO_PEOPLE: readonly DemoPerson[] = [
  {
    id: 'ngaire-holloway',
    name: 'Ngaire Holloway',
    role: 'owner',
    about: 'Runs the hui. Ask me anything, but ask early.',
  },
  {
    id: 'hemi-rangihuna',
    name: 'Hēmi Rangihuna',
    role: 'moderator',
    about: 'Programme and rooms. Kei konei au hei āwhina.',
  },
  { id: 'mere-tawhai', name: 'Mere Tāwhai', role: 'speaker', about: 'Wetlands, eels and old maps.' },
  { id: 'sefa-leota', name: 'Sefa Leota', role: 'speaker', about: 'Sensors in rivers that nobody has to drive to.' },
  { id: 'priya-nair', name: 'Priya Nair', role: 'speaker', about: 'Soil ecologist. Worms are underrated.' },
  {
    id: 'wiremu-paraone',
    name: 'Wiremu Parāone',
    role: 'speaker',
    about: 'Kaitiaki o te ngahere. Seed collecting and nurseries.',
  },
  { id: 'ruth-calder', name: 'Ruth Calder', role: 'speaker', about: 'Twenty years of trapping and still learning.' },
  { id: 'tomasi-vake', name: 'Tomasi Vake', role: 'exhibitor', about: 'Native plants from our nursery, stand 4.' },
  {
    id: 'lena-brandt',
    name: 'Lena Brandt',
    role: 'exhibitor',
    about: 'Low-power radio for the back country, stand 7.',
  },
  {
    id: 'aroha-potiki',
    name: 'Aroha Pōtiki',
    role: 'attendee',
    about: 'Dairy farmer, planting the creek one winter at a time.',
  },
  {
    id: 'jack-whitcombe',
    name: 'Jack Whitcombe',
    role: 'attendee',
    about: 'School teacher. Thirty children and one stream.',
  },
  { id: 'moana-te-aho', name: 'Moana Te Aho', role: 'attendee', about: 'Volunteer. Find me at the tea urn.' },
];

export interface DemoChannel {
  readonly id: string;
  readonly title: string;
  readonly topic: string;
  readonly visibility: Visibility;
  /** Whether newcomers join it by themselves. */
  readonly joins: boolean;
  /** Ids of those in it from the start; without it, everybody. */
  readonly members?: readonly string[];
}

export const DEMO_CHANNELS: readonly DemoChannel[] = [
  {
    id: 'panui',
    title: 'Pānui · Announcements',
    topic: 'From the organisers: rooms, times and anything that changes.',
    visibility: 'announce',
    joins: true,
  },
  {
    id: 'korero',
    title: 'Kōrero · General',
    topic: 'Everything and everybody. Nau mai, haere mai.',
    visibility: 'public',
    joins: true,
  },
  {
    id: 'wai',
    title: 'Wai · Rivers and wetlands',
    topic: 'Fresh water: monitoring, fencing, planting, eels.',
    visibility: 'public',
    joins: true,
  },
  {
    id: 'kai',
    title: 'Kai · Food and getting about',
    topic: 'Meals, lifts, beds and lost property.',
    visibility: 'public',
    joins: true,
  },
  {
    id: 'ngahere',
    title: 'Ngahere · Forests',
    topic: 'Seed, nurseries, pests and patience.',
    visibility: 'public',
    joins: false,
    members: ['wiremu-paraone', 'ruth-calder', 'tomasi-vake', 'aroha-potiki', 'mere-tawhai'],
  },
  {
    id: 'kaiawhina',
    title: 'Kaiāwhina · Helpers',
    topic: 'For those who make the hui run.',
    visibility: 'private',
    joins: false,
    members: ['ngaire-holloway', 'hemi-rangihuna', 'moana-te-aho'],
  },
];

import { type Catalogue, fill, type MessageKey, type Plural, type Translate } from './catalogue.ts';
import { errorWords } from './error-words.ts';
import { dayNames, monthNames } from './maori-calendar.ts';

export type Language = 'en' | 'mi';

/** Words, numbers and times in one language. All times are Unix milliseconds. */
export interface Locale {
  readonly language: Language;
  readonly t: Translate;
  number(value: number): string;
  /** "3.4 MB". */
  bytes(value: number): string;
  list(items: readonly string[]): string;
  /** "14:32". */
  clock(at: number, timeZone?: string): string;
  /** "Thursday, 19 November"; with the year when it is not this one. */
  day(at: number, now: number, timeZone?: string): string;
  /** Under a day "5 min ago", then "19 Nov, 14:32". */
  relative(at: number, now: number): string;
  /** The same without a clock time, for narrow places: "5 min", "19 Nov". */
  short(at: number, now: number): string;
  /** Date, time and seconds. */
  exact(at: number): string;
  /** What an error means, as a sentence. */
  why(error: unknown): string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Builds the locale of a language; `timeZone` is the reader's own unless given. */
export function createLocale(language: Language, catalogue: Catalogue, timeZone?: string): Locale {
  // Browsers often lack te reo Māori data: numbers then follow English (New Zealand), names of days and months are ours.
  const tag = 'en-NZ';
  const numbers = new Intl.NumberFormat(tag);
  const plurals = new Intl.PluralRules('en');
  const lists = new Intl.ListFormat('en-GB', { type: 'conjunction' });

  const t = ((key: MessageKey, values?: Readonly<Record<string, string | number>>) => {
    const entry: string | Plural = catalogue[key];
    const count = values?.['count'];
    const text = typeof entry === 'string' ? entry : entry[plurals.select(Number(count)) === 'one' ? 'one' : 'other'];
    const words = Object.entries(values ?? {}).map(([name, v]) => [
      name,
      typeof v === 'number' ? numbers.format(v) : v,
    ]);
    return fill(text, Object.fromEntries(words));
  }) as Translate;

  const list = (items: readonly string[]): string => {
    if (language === 'en' || items.length < 2) return lists.format(items);
    return `${items.slice(0, -1).join(', ')} ${t('list.and')} ${items.at(-1)}`;
  };
  const clock = (at: number, zone = timeZone): string =>
    new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone }).format(at);
  const parts = (at: number, zone = timeZone) => partsOf(at, zone);

  const day = (at: number, now: number, zone = timeZone): string => {
    const p = parts(at, zone);
    const withYear = p.year !== parts(now, zone).year;
    if (language === 'mi')
      return `${dayNames[p.weekday]}, ${p.day} ${monthNames[p.month]}${withYear ? ` ${p.year}` : ''}`;
    return new Intl.DateTimeFormat(tag, {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      ...(withYear ? { year: 'numeric' } : {}),
      timeZone: zone,
    }).format(at);
  };
  const shortDay = (at: number): string => {
    if (language === 'mi') return `${parts(at).day} ${monthNames[parts(at).month]}`;
    return new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short', timeZone }).format(at);
  };
  const short = (at: number, now: number): string => {
    const age = now - at;
    if (age < MINUTE) return t('time.now');
    if (age < HOUR) return t('time.minutes_short', { count: Math.floor(age / MINUTE) });
    if (age < DAY) return t('time.hours_short', { count: Math.floor(age / HOUR) });
    return shortDay(at);
  };
  const relative = (at: number, now: number): string => {
    const age = now - at;
    if (age < MINUTE) return t('time.now');
    if (age < HOUR) return t('time.minutes_ago', { count: Math.floor(age / MINUTE) });
    if (age < DAY) return t('time.hours_ago', { count: Math.floor(age / HOUR) });
    return `${shortDay(at)}, ${clock(at)}`;
  };
  const exact = (at: number): string => {
    const seconds = new Intl.DateTimeFormat(tag, { timeStyle: 'medium', hourCycle: 'h23', timeZone }).format(at);
    return `${day(at, Number.NEGATIVE_INFINITY)} ${seconds}`;
  };
  return {
    language,
    t,
    number: (value) => numbers.format(value),
    bytes: (value) => bytesOf(value, tag),
    list,
    clock,
    day,
    relative,
    short,
    exact,
    why: (error) => errorWords(error, t),
  };
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes in the largest unit that leaves a whole part, as storage is sold: by thousands. */
function bytesOf(value: number, tag: string): string {
  const step = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  const amount = value / 1_000 ** step;
  const maximumFractionDigits = amount < 10 && step > 0 ? 1 : 0;
  return new Intl.NumberFormat(tag, {
    style: 'unit',
    unit: UNITS[step] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits,
  }).format(amount);
}

interface DateParts {
  readonly year: number;
  /** 0–11. */
  readonly month: number;
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

/** Calendar fields of an instant in a zone. */
function partsOf(at: number, timeZone: string | undefined): DateParts {
  if (!Number.isFinite(at)) return { year: Number.NaN, month: 0, day: 1, weekday: 0 };
  const text = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone }).format(
    at,
  );
  const [year = 0, month = 1, day = 1] = text.split('-').map(Number);
  return { year, month: month - 1, day, weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay() };
}

/** A number that is the same for all instants of one calendar day in the zone. */
export function dayKey(at: number, timeZone?: string): number {
  const p = partsOf(at, timeZone);
  return (p.year * 12 + p.month) * 31 + p.day;
}

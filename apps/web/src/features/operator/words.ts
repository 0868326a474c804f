import { fill, type Plural } from '../../i18n/catalogue.ts';
import type { Locale } from '../../i18n/locale.ts';
import { useLocale } from '../../state/app.ts';
import { en } from './en.ts';
import { mi } from './mi.ts';

export type WordKey = keyof typeof en;
/** Every language has every key, and a plural where English has one. */
export type Words = { readonly [K in WordKey]: (typeof en)[K] extends string ? string : Plural };
export type Say = (key: WordKey, values?: Readonly<Record<string, string | number>>) => string;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The console's words in the language of `locale`. */
export function wordsOf(locale: Locale): Say {
  const words: Words = locale.language === 'mi' ? mi : en;
  const plurals = new Intl.PluralRules('en');
  return (key, values = {}) => {
    const entry: string | Plural = words[key];
    const isOne = plurals.select(Number(values['count'])) === 'one';
    const text = typeof entry === 'string' ? entry : isOne ? entry.one : entry.other;
    const shown = Object.entries(values).map(([name, v]) => [name, typeof v === 'number' ? locale.number(v) : v]);
    return fill(text, Object.fromEntries(shown));
  };
}

export interface Speech extends Locale {
  readonly say: Say;
}

export function useWords(): Speech {
  const locale = useLocale();
  return { ...locale, say: wordsOf(locale) };
}

/** A length of time to its two largest units: "850 ms", "12 s", "3 min 20 s", "2 h 5 min". */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  const [large, small, of, units] =
    ms < HOUR ? [MINUTE, SECOND, 60, ['min', 's'] as const] : [HOUR, MINUTE, 60, ['h', 'min'] as const];
  const rest = Math.floor(ms / small) % of;
  return `${Math.floor(ms / large)} ${units[0]}${rest > 0 ? ` ${rest} ${units[1]}` : ''}`;
}

/** A rate or a time with as many digits as it deserves. */
export function rounded(value: number): number {
  if (value >= 100) return Math.round(value);
  return value >= 10 ? Math.round(value * 10) / 10 : Math.round(value * 100) / 100;
}

import type { en } from './en.ts';

/** A text that depends on a number; `{count}` stands for it. */
export interface Plural {
  readonly one: string;
  readonly other: string;
}

export type MessageKey = keyof typeof en;

/** Every language has every key, and a plural where English has one; the compiler sees to it. */
export type Catalogue = { readonly [K in MessageKey]: (typeof en)[K] extends string ? string : Plural };

type Placeholder<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholder<Rest> : never;
type TextOf<E> = E extends string ? E : E extends { readonly other: infer O } ? O : never;
type NamesIn<K extends MessageKey> =
  | Placeholder<TextOf<(typeof en)[K]>>
  | ((typeof en)[K] extends string ? never : 'count');

/** The values a text needs: none, or one for each placeholder. */
export type Values<K extends MessageKey> = [NamesIn<K>] extends [never]
  ? []
  : [{ readonly [N in NamesIn<K>]: string | number }];

export type Translate = <K extends MessageKey>(key: K, ...values: Values<K>) => string;

/** Puts the values into a text. A placeholder without a value stays as it is. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

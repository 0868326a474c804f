import { Id, Log, type Route, Uuid } from '@konferenco/protocol/schema';
import Type, { type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Refused } from '../accounts/refused.ts';

const PARAMS: Readonly<Record<string, TSchema>> = {
  event: Id,
  channel: Id,
  user: Id,
  device: Id,
  log: Log,
  upload: Uuid,
  attachment: Uuid,
  node: Type.String({ minLength: 1, maxLength: 64 }),
  offset: Type.String({ pattern: '^(0|[1-9][0-9]{0,14})$' }),
  code: Type.String({ minLength: 1, maxLength: 64 }),
  case: Type.String({ minLength: 1, maxLength: 32, pattern: '^[A-Z0-9-]+$' }),
};

export type RawValues = Readonly<Record<string, string>>;

/** Checks of what a route takes, compiled once. Each throws {@link Refused} `invalid`, naming the first thing wrong. */
export interface RouteValidator {
  params(values: RawValues): RawValues;
  /** Numbers are read from their decimal form. */
  query(values: RawValues): unknown;
  /** Members the schema does not name are dropped. */
  body(value: unknown): unknown;
}

export function validatorOf(route: Route): RouteValidator {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const params = checker(
    Type.Object(Object.fromEntries(names.map((name) => [name, PARAMS[name] ?? Type.Never()]))),
    'address',
  );
  const query = route.query && checker(route.query, 'query');
  const body = route.body && checker(route.body, 'body');
  const integers = integerMembers(route.query);
  return {
    params: (values) => params(values) as RawValues,
    query: (values) =>
      query?.(
        Object.fromEntries(
          Object.entries(values).map(([name, text]) => [name, integers.has(name) ? integerOf(text) : text]),
        ),
      ),
    body: (value) => body?.(value),
  };
}

function checker(schema: TSchema, what: string): (value: unknown) => unknown {
  const compiled = Compile(schema);
  const known = new Set(Object.keys(propertiesOf(schema)));
  return (value) => {
    if (!compiled.Check(value)) {
      const [first] = compiled.Errors(value);
      throw new Refused('invalid', { detail: `${what}${first?.instancePath ?? ''} ${first?.message ?? 'is invalid'}` });
    }
    return Object.fromEntries(Object.entries(value as object).filter(([name]) => known.has(name)));
  };
}

function propertiesOf(schema: TSchema | undefined): Readonly<Record<string, { readonly type?: unknown }>> {
  return (
    (schema as { readonly properties?: Record<string, { readonly type?: unknown }> } | undefined)?.properties ?? {}
  );
}

function integerMembers(schema: TSchema | undefined): ReadonlySet<string> {
  return new Set(
    Object.entries(propertiesOf(schema))
      .filter(([, member]) => member.type === 'integer')
      .map(([name]) => name),
  );
}

/** What is no decimal number stays text, for validation to refuse. */
function integerOf(text: string): number | string {
  return /^\d{1,16}$/.test(text) ? Number(text) : text;
}

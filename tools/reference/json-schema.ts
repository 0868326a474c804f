/** Turns TypeBox schemas into the plain JSON Schema that the published descriptions hold. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** The plain form: no symbols, no `$id`; a literal union as `enum`, so that readers see a list of words. */
export function plainSchema(schema: unknown): JsonObject {
  return simplify(JSON.parse(JSON.stringify(schema)) as Json) as JsonObject;
}

function simplify(value: Json): Json {
  if (Array.isArray(value)) return value.map(simplify);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value as JsonObject).filter(([name]) => name !== '$id');
  const object = Object.fromEntries(entries.map(([name, inner]) => [name, simplify(inner)])) as Record<string, Json>;
  const options = object['anyOf'];
  if (!Array.isArray(options) || !options.every(isConstant)) return object;
  const { anyOf: _, ...rest } = object;
  return { type: 'string', enum: options.map((option) => (option as JsonObject)['const'] ?? null), ...rest };
}

function isConstant(option: Json): boolean {
  return (
    typeof option === 'object' &&
    option !== null &&
    !Array.isArray(option) &&
    typeof (option as JsonObject)['const'] === 'string'
  );
}

/** One line for a person: `string`, `integer ≥ 1`, `"a" | "b"`, `array of object`. */
export function describeType(schema: JsonObject): string {
  if (schema['const'] !== undefined) return `\`${JSON.stringify(schema['const'])}\``;
  if (Array.isArray(schema['enum'])) return schema['enum'].map((word) => `\`${JSON.stringify(word)}\``).join(' \\| ');
  if (Array.isArray(schema['anyOf']))
    return schema['anyOf'].map((option) => describeType(option as JsonObject)).join(' \\| ');
  if (schema['type'] === 'array') return `array of ${describeType((schema['items'] ?? {}) as JsonObject)}`;
  if (schema['type'] === undefined) return 'any JSON';
  return `${String(schema['type'])}${bounds(schema)}`;
}

function bounds(schema: JsonObject): string {
  const { minimum, maximum, minLength, maxLength } = schema;
  const parts: string[] = [];
  if (minimum !== undefined) parts.push(`≥ ${minimum}`);
  if (maximum !== undefined && Number(maximum) < Number.MAX_SAFE_INTEGER) parts.push(`≤ ${maximum}`);
  if (minLength !== undefined || maxLength !== undefined) parts.push(`${minLength ?? 0}–${maxLength ?? ''} characters`);
  return parts.length > 0 ? ` ${parts.join(', ')}` : '';
}

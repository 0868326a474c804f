const SPECIAL = /["\\]/;
const ESCAPED = /["\\]/g;

/** A PostgreSQL array of texts, as it is written in SQL. `null` becomes NULL. */
export function textArray(texts: readonly (string | null)[]): string {
  let array = '{';
  for (const [i, text] of texts.entries()) {
    if (i > 0) array += ',';
    if (text === null) array += 'NULL';
    else array += `"${SPECIAL.test(text) ? text.replace(ESCAPED, '\\$&') : text}"`;
  }
  return `${array}}`;
}

/** A PostgreSQL array of numbers. */
export function numberArray(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

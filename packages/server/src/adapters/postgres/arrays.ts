const SPECIAL = /["\\]/g;
const CONTROL = /\p{Cc}/u;

/** A PostgreSQL array of texts, as it is written in SQL. `null` becomes NULL. */
export function textArray(texts: readonly (string | null)[]): string {
  return `{${texts.map(quoted).join(',')}}`;
}

/** JSON quotes as an array does, and fast, unless there are control characters. */
function quoted(text: string | null): string {
  if (text === null) return 'NULL';
  return CONTROL.test(text) ? `"${text.replace(SPECIAL, '\\$&')}"` : JSON.stringify(text);
}

/** A PostgreSQL array of numbers. */
export function numberArray(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

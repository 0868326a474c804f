type Work = string | { readonly value: unknown };

/**
 * JSON with the members of objects sorted by UTF-16 units, so that equal values have equal texts. Nesting costs no call
 * stack: values come from others.
 */
export function canonicalJson(value: unknown): string {
  let text = '';
  const work: Work[] = [{ value }];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (typeof next === 'string') text += next;
    else if (Array.isArray(next.value)) text += openArray(next.value, work);
    else if (typeof next.value === 'object' && next.value !== null) text += openObject(next.value, work);
    else text += JSON.stringify(next.value) ?? 'null';
  }
  return text;
}

function openArray(items: readonly unknown[], work: Work[]): string {
  work.push(']');
  for (let index = items.length - 1; index >= 0; index -= 1) {
    work.push({ value: items[index] });
    if (index > 0) work.push(',');
  }
  return '[';
}

function openObject(object: object, work: Work[]): string {
  const members = Object.entries(object).filter(([, value]) => value !== undefined);
  members.sort(([a], [b]) => (a < b ? 1 : -1));
  work.push('}');
  members.forEach(([name, value], index) => {
    if (index > 0) work.push(',');
    work.push({ value }, `${JSON.stringify(name)}:`);
  });
  return '{';
}

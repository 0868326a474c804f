/** JSON that also carries `undefined` and big integers, as single values or members. */
export function toText(value: unknown): string {
  return JSON.stringify({ value }, (_, member: unknown) => {
    if (member === undefined) return { $: 'undefined' };
    return typeof member === 'bigint' ? { $: 'bigint', value: String(member) } : member;
  });
}

export function fromText(text: string): unknown {
  return (revived(JSON.parse(text)) as { value: unknown }).value;
}

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== 'object' || value === null) return value;
  const { $, value: inner } = value as { $?: unknown; value?: string };
  if ($ === 'undefined') return undefined;
  if ($ === 'bigint') return BigInt(inner ?? '');
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, revived(member)]));
}

const DECLARED = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export const (\w+)/g;
const MEMBER = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(\w+):/g;

/** The documentation comments of a file's exported constants, by name. */
export function exportedComments(source: string): ReadonlyMap<string, string> {
  return collect(source, DECLARED);
}

/** The documentation comments of an object's members, by name. */
export function memberComments(source: string): ReadonlyMap<string, string> {
  return collect(source, MEMBER);
}

function collect(source: string, pattern: RegExp): ReadonlyMap<string, string> {
  return new Map([...source.matchAll(pattern)].map(([, comment = '', name = '']) => [name, flatten(comment)]));
}

function flatten(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s?/, '').trim())
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Name of the system on a NATS that several share. */
const PREFIX = /^[A-Za-z0-9_-]{1,32}$/;

/** What may stand in a subject as it is; `.`, `*`, `>` and blanks mean something to NATS, and `%` begins an escape. */
const UNSAFE = /[^A-Za-z0-9_~@:-]/g;

/** One token of a subject for any text; two texts never share one. */
export function subjectToken(text: string): string {
  if (text === '') return '%';
  return text.replace(UNSAFE, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** @throws {TypeError} when the prefix could not stand in a subject and in a stream's name. */
export function assertPrefix(prefix: string): void {
  if (!PREFIX.test(prefix))
    throw new TypeError(`'${prefix}' is no NATS prefix: take 1 to 32 letters, digits, '-' or '_'`);
}

/** Where records about one log or inbox go. */
export function interestSubject(prefix: string, interest: string): string {
  return `${prefix}.bus.log.${subjectToken(interest)}`;
}

/** Where records go that are for every node. */
export function everyNodeSubject(prefix: string): string {
  return `${prefix}.bus.all`;
}

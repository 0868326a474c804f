/** Whose store it is: one account on one server. */
export interface LocalAccount {
  /** Base address of the server, as the client is given it. */
  readonly url: string;
  readonly user: string;
}

/** What the names of all our stores begin with; the store of an account goes on with a hash. */
const PREFIX = 'konferenco-';
const PATTERN = /^konferenco-[0-9a-f]{16}/;

/**
 * The name of the account's store on this device. It says nothing about server or person.
 *
 * @throws {TypeError} when `url` is none
 */
export function storeName({ url, user }: LocalAccount): string {
  const { origin, pathname } = new URL(url);
  return PREFIX + fnv1a64(`${origin}${pathname.replace(/\/+$/, '')}\n${user}`);
}

/** The store that a database or file belongs to, going by its name; `null`: it is none of ours. */
export function storeOf(name: string): string | null {
  return PATTERN.exec(name)?.[0] ?? null;
}

const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/** FNV-1a with 64 bits over the UTF-8 bytes. Web Crypto is missing on pages without TLS, and no secret depends on this. */
function fnv1a64(text: string): string {
  let hash = OFFSET_BASIS;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  return hash.toString(16).padStart(16, '0');
}

import { randomFrom } from './random.ts';

/** One replica by the name each library gives it, every one of its usual length. */
export interface Identity {
  /** Ours: 20 characters, as the client makes them. */
  readonly node: string;
  /** Yjs: 32 bits. */
  readonly client: number;
  /** Loro: 64 bits. */
  readonly peer: `${number}`;
  /** Automerge: 16 bytes in hexadecimal. */
  readonly actor: string;
}

/** The same for the same number; different for different ones. */
export function identityOf(number: number): Identity {
  const random = randomFrom(0x1de_0000 + number);
  const digits = (radix: number, count: number) =>
    Array.from({ length: count }, () => Math.floor(random() * radix).toString(radix)).join('');
  return {
    node: digits(36, 20),
    client: Math.floor(random() * 2 ** 32),
    peer: `${BigInt(`0x${digits(16, 15)}`)}` as `${number}`,
    actor: digits(16, 32),
  };
}

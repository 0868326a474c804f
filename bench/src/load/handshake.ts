/** A fixed nonce: the benchmark's peers are trusted, and a known answer can be compared without hashing. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

export interface Upgrade {
  /** Path and query. */
  readonly path: string;
  readonly protocol?: string;
}

/** The HTTP request that asks for a WebSocket; without extensions, so frames come uncompressed. */
export function upgradeRequest(host: string, { path, protocol }: Upgrade): string {
  const subprotocol = protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : '';
  return (
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n${subprotocol}\r\n`
  );
}

/** Where the frames begin after an accepted upgrade; -1 while the head has not all come. @throws {Error} on a refusal. */
export function endOfUpgrade(bytes: Buffer): number {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return -1;
  const head = bytes.toString('latin1', 0, end);
  if (!head.startsWith('HTTP/1.1 101') || !head.includes(ACCEPT)) {
    throw new Error(`upgrade refused: ${head.slice(0, head.indexOf('\r\n'))}`);
  }
  return end + 4;
}

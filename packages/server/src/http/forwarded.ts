import { BlockList, isIPv6 } from 'node:net';
import { isLoopback } from '../config/load.ts';

/** Whom a request comes from, seen through the proxies in front. */
export class Proxies {
  readonly #trusted = new BlockList();
  readonly #local: boolean;

  /**
   * @param list addresses and networks (`10.0.0.0/8`), comma-separated, of proxies that are believed
   * @param local whether proxies on this machine are
   */
  constructor(list: string, local: boolean) {
    this.#local = local;
    for (const entry of list.split(',').filter((text) => text !== '')) {
      const [address = '', bits] = entry.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(bits), family);
    }
  }

  /**
   * The address of the caller: the last one in `X-Forwarded-For` that is no proxy of ours, as long as each hop after it is.
   * What a stranger wrote into the header is not believed.
   */
  addressOf(peer: string, forwardedFor: string | null): string {
    let address = plain(peer);
    const hops = forwardedFor?.split(',').map((hop) => plain(hop.trim())) ?? [];
    while (this.#believes(address)) {
      const before = hops.pop();
      if (!before) return address;
      address = before;
    }
    return address;
  }

  #believes(address: string): boolean {
    if (this.#local && isLoopback(address)) return true;
    return this.#trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}

/** An IPv4 address that came in over IPv6, as IPv4. */
function plain(address: string): string {
  return address.replace(/^::ffff:/i, '');
}

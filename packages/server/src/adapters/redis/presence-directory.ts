import {
  type CrowdPart,
  DirectoryUnavailableError,
  type HeldCrowdPart,
  type HeldLease,
  LEASE_MS,
  PART_LEASE_MS,
  type Lease,
  type PresenceDirectory,
} from '@konferenco/core';
import type { RedisLink } from './link.ts';
import type { Commands } from './scripts.ts';

export interface RedisDirectoryOptions {
  readonly link: RedisLink;
  /** Name of this node, unlike every other's. */
  readonly node: string;
  /** Put before every key, so that systems can share a Redis. */
  readonly prefix?: string;
}

interface Held {
  readonly node: string;
  readonly version: number;
  readonly holds_ms: number;
  readonly value: string;
}

/** The presence directory in Redis: a hash for each user and each channel, with a field for each node. */
export function createRedisDirectory(options: RedisDirectoryOptions): PresenceDirectory {
  const { link, node, prefix = 'konferenco:' } = options;
  const userKey = (user: string) => `${prefix}presence:{${user}}`;
  const channelKey = (channel: string) => `${prefix}crowd:{${channel}}`;
  const each = async <T, R>(items: readonly T[], command: (commands: Commands, item: T) => Promise<R>) => {
    const settled = await Promise.allSettled(items.map((item) => link.run((commands) => command(commands, item))));
    return settled.map((one) => {
      if (one.status === 'fulfilled') return one.value;
      throw new DirectoryUnavailableError('Redis does not answer', { cause: one.reason });
    });
  };
  const held = async (key: string, commands: Commands) => heldIn(await commands.konferencoHeld(key));
  return {
    get available() {
      return link.available;
    },
    async lease(leases) {
      await each(leases, (commands, { user, version, status }: Lease) =>
        commands.konferencoHold(userKey(user), node, version, status, LEASE_MS),
      );
    },
    async leasesOf(users) {
      const all = await each(users, async (commands, user) =>
        (await held(userKey(user), commands)).flatMap((one): HeldLease[] => {
          const status = statusIn(one.value);
          return status ? [{ user, node: one.node, status, version: one.version, holds_ms: one.holds_ms }] : [];
        }),
      );
      return all.flat();
    },
    async writeParts(parts) {
      await each(parts, (commands, { channel, version, count, present }: CrowdPart) =>
        commands.konferencoHold(channelKey(channel), node, version, JSON.stringify({ count, present }), PART_LEASE_MS),
      );
    },
    async partsOf(channels) {
      const all = await each(channels, async (commands, channel) =>
        (await held(channelKey(channel), commands)).map(({ value, ...one }): HeldCrowdPart => {
          const { count, present } = JSON.parse(value) as Pick<CrowdPart, 'count' | 'present'>;
          return { channel, ...one, count, present };
        }),
      );
      return all.flat();
    },
    onReturn: (fn) => link.onReturn(fn),
  };
}

function heldIn(flat: readonly string[]): readonly Held[] {
  const held: Held[] = [];
  for (let i = 0; i + 3 < flat.length; i += 4) {
    const [node = '', version, left, value = ''] = flat.slice(i, i + 4);
    held.push({ node, version: Number(version), holds_ms: Number(left), value });
  }
  return held;
}

/** `null`: a word of a newer version of the program. */
function statusIn(value: string): HeldLease['status'] | null {
  return value === 'online' || value === 'away' || value === 'busy' || value === 'offline' ? value : null;
}

import { describe, expect, test } from 'bun:test';
import { type CrowdPart, LEASE_MS, type Lease, PART_LEASE_MS, type PresenceDirectory } from '@konferenco/core';

/** One empty directory as two nodes see it. */
export interface DirectoryUnderTest {
  readonly north: PresenceDirectory;
  readonly south: PresenceDirectory;
}

const lease = (user: string, status: Lease['status'], version: number): Lease => ({ user, status, version });
const part = (channel: string, version: number, users: readonly string[]): CrowdPart => ({
  channel,
  version,
  count: users.length,
  present: users.map((user) => ({ user, status: 'online' })),
});

/** What every presence directory promises; `open` makes an empty one, whose nodes are called `north` and `south`. */
export function describeDirectoryContract(name: string, open: () => Promise<DirectoryUnderTest>): void {
  describe(`presence directory: ${name}`, () => {
    test('what each node says of a user is kept apart and read by all', async () => {
      const { north, south } = await open();
      await north.lease([lease('mere', 'online', 1), lease('hone', 'busy', 2)]);
      await south.lease([lease('mere', 'away', 5)]);
      const read = await south.leasesOf(['mere', 'hone', 'nobody']);
      const plain = read.map(({ user, node, status, version }) => `${user} ${node} ${status} ${version}`).sort();
      expect(plain).toEqual(['hone north busy 2', 'mere north online 1', 'mere south away 5']);
      for (const { holds_ms } of read) {
        expect(holds_ms).toBeGreaterThan(LEASE_MS / 2);
        expect(holds_ms).toBeLessThanOrEqual(LEASE_MS);
      }
      expect(north.available).toBe(true);
    });

    test('an older word never replaces a newer one, and an end is remembered as one', async () => {
      const { north, south } = await open();
      await north.lease([lease('mere', 'offline', 7)]);
      await north.lease([lease('mere', 'online', 6)]);
      expect(await south.leasesOf(['mere'])).toMatchObject([{ status: 'offline', version: 7 }]);
      await north.lease([lease('mere', 'online', 8)]);
      expect(await south.leasesOf(['mere'])).toMatchObject([{ status: 'online', version: 8 }]);
    });

    test('parts of a channel are kept under the same rules, with names or without', async () => {
      const { north, south } = await open();
      await north.writeParts([part('hall', 2, ['mere', 'hone']), part('lab', 1, [])]);
      await south.writeParts([{ channel: 'hall', version: 9, count: 5_000, present: null }]);
      await north.writeParts([part('hall', 1, [])]);
      const read = await south.partsOf(['hall', 'attic']);
      const sorted = read.toSorted((a, b) => a.node.localeCompare(b.node));
      expect(sorted).toMatchObject([
        { node: 'north', ...part('hall', 2, ['mere', 'hone']) },
        { node: 'south', channel: 'hall', version: 9, count: 5_000, present: null },
      ]);
      for (const { holds_ms } of read) {
        expect(holds_ms).toBeGreaterThan(PART_LEASE_MS / 2);
        expect(holds_ms).toBeLessThanOrEqual(PART_LEASE_MS);
      }
    });

    test('many at once, with ids of every permitted form', async () => {
      const { north, south } = await open();
      const users = Array.from({ length: 500 }, (_, i) => `U.${i}_-x`);
      await north.lease(users.map((user, i) => lease(user, 'online', i + 1)));
      expect(await south.leasesOf(users)).toHaveLength(500);
      expect(await south.leasesOf([])).toEqual([]);
    });
  });
}

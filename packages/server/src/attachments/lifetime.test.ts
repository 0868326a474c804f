import { beforeEach, describe, expect, test } from 'bun:test';
import type { StoredEntry } from '@konferenco/core';
import { LIMITS } from '@konferenco/protocol';
import { createTestApi, type TestApi } from '../http/test-api.ts';
import type { AttachmentContext } from './context.ts';
import { Janitor } from './janitor.ts';
import { chunkObject } from './records.ts';
import { TestFiles } from './test-files.ts';

const BYTES = new Uint8Array(1000).fill(7);
const DAY = 86_400_000;

let api: TestApi;
let files: TestFiles;
let context: AttachmentContext;
let janitor: Janitor;

beforeEach(async () => {
  api = await createTestApi({ rateLimits: false });
  context = api.deps.attachments.context;
  files = new TestFiles(api, api.deps.attachments);
  janitor = new Janitor(
    { ...context, clock: { now: () => api.clock.now(), after: () => () => {}, soon() {} } },
    () => {},
  );
});

const refusal = (user: string, id: string) => api.refusal('attachment', user, { params: { attachment: id } });
const objects = async () => (await context.objects.list('', { limit: 100 })).objects.map(({ key }) => key);
const stored = (entry: Awaited<ReturnType<TestFiles['carry']>>): StoredEntry => {
  if ('kind' in entry) throw new Error(entry.detail);
  return entry;
};

describe('who may read a file', () => {
  // proves AT-18
  test('is who may read a message that carries it; before there is one, its owner alone', async () => {
    const file = await files.upload('aroha', 'ch:crew', BYTES);
    expect([await refusal('aroha', file.id), await refusal('ben', file.id)]).toEqual(['ok', 'not_found']);
    stored(await files.carry('ch:crew', 'aroha', [file]));
    expect([await refusal('aroha', file.id), await refusal('ben', file.id)]).toEqual(['ok', 'not_member']);
    await api.call('addChannelMember', 'owen', { params: { channel: 'crew', user: 'ben' } }).catch(() => null);
  });

  // proves AT-18
  test('ends with a ban, with the way out of a private channel, and in a direct conversation with a block', async () => {
    const open = await files.upload('ben', 'ch:general', BYTES);
    stored(await files.carry('ch:general', 'ben', [open]));
    expect(await refusal('aroha', open.id)).toBe('ok');
    const direct = await files.upload('ben', 'dm:aroha:ben', BYTES);
    stored(await files.carry('dm:aroha:ben', 'ben', [direct]));
    expect([await refusal('aroha', direct.id), await refusal('mira', direct.id)]).toEqual(['ok', 'not_member']);
    await api.call('block', 'aroha', { params: { user: 'ben' } });
    expect([await refusal('ben', direct.id), await refusal('aroha', direct.id)]).toEqual(['blocked', 'ok']);
    await api.call('ban', 'mira', { params: { event: 'hui', user: 'aroha' } });
    expect(await refusal('aroha', open.id)).toBe('banned');
    const secret = await files.upload('sefa', 'ch:general', BYTES);
    expect(await refusal('ben', secret.id)).toBe('not_found');
  });

  // proves AT-16
  test('an address is good for five minutes, then for nobody', async () => {
    const file = await files.upload('ben', 'ch:general', BYTES);
    const { url, expires_at } = await api.call('attachment', 'ben', { params: { attachment: file.id } });
    expect(expires_at - api.clock.now()).toBe(LIMITS.attachment_link_ms);
    const status = async () => (await api.app.fetch(new Request(url))).status;
    api.clock.time += LIMITS.attachment_link_ms - 1_000;
    expect(await status()).toBe(200);
    api.clock.time += 1_000;
    expect(await status()).toBe(403);
  });
});

describe('a message with files', () => {
  // proves AT-19
  test('takes what its sender uploaded for this conversation, or may read already', async () => {
    const file = await files.upload('aroha', 'ch:crew', BYTES);
    expect(await files.carry('ch:general', 'aroha', [file])).toMatchObject({ error: 'not_found' });
    expect(await files.carry('ch:crew', 'ben', [file])).toMatchObject({ error: 'not_found' });
    stored(await files.carry('ch:crew', 'aroha', [file]));
    expect(await files.carry('ch:general', 'ben', [file])).toMatchObject({ error: 'not_found' });
    // Forwarded by somebody who may read it.
    stored(await files.carry('ch:general', 'aroha', [file]));
    expect(await refusal('ben', file.id)).toBe('ok');
    stored(await files.carry('dm:ben:sefa', 'ben', [file]));
  });

  // proves AT-19
  test('describes its files as they are', async () => {
    const file = await files.upload('aroha', 'ch:general', BYTES);
    for (const lie of [
      { name: 'b.bin' },
      { type: 'image/png' },
      { size: 1 },
      { sha256: 'a'.repeat(64) },
      { width: 5 },
    ]) {
      expect(await files.carry('ch:general', 'aroha', [{ ...file, ...lie }])).toMatchObject({ error: 'invalid' });
    }
    const { sha256: _, ...short } = file;
    stored(await files.carry('ch:general', 'aroha', [short]));
  });

  // proves AT-19
  test('that is sealed names its files, and holds them like any other', async () => {
    const file = await files.upload('aroha', 'ch:crew', BYTES);
    const payload = { sealed: [{ device: 'phone', bytes: 'b' }], attachments: [file.id] };
    stored(await files.carry('ch:crew', 'aroha', [], { encrypted: true, payload }));
    api.clock.time += 2 * DAY;
    await janitor.take();
    expect(await refusal('aroha', file.id)).toBe('ok');
  });

  test('that says nothing is quoted by the names of its files when it is reported', async () => {
    const file = await files.upload('aroha', 'ch:general', BYTES);
    const { id } = stored(await files.carry('ch:general', 'aroha', [file]));
    const body = { log: 'ch:general', message_id: id, reason: 'spam' };
    expect((await api.call('report', 'ben', { body })).quote).toBe('[a.bin]');
    const report = await api.call('report', 'sefa', { body: { ...body, reason: 'spam too' } });
    const verdict = { status: 'actioned', action: 'remove_message' } as const;
    await api.call('resolveReport', 'mira', { params: { case: report.case }, body: verdict });
    expect(await refusal('ben', file.id)).toBe('not_found');
  });

  // proves AT-19
  test('sent again after its file went gets its first answer', async () => {
    const file = await files.upload('aroha', 'ch:general', BYTES);
    const message = stored(await files.carry('ch:general', 'aroha', [file]));
    await files.erase('ch:general', message);
    await janitor.take();
    const again = await files.carry('ch:general', 'aroha', [file], { id: message.id });
    expect(again).toMatchObject({ offset: message.offset });
    expect(await files.carry('ch:general', 'aroha', [file])).toMatchObject({ error: 'not_found' });
  });
});

describe('a file goes', () => {
  // proves AT-20
  test('with its message: unreadable at once, its bytes with the next sweep', async () => {
    const file = await files.upload('aroha', 'ch:general', BYTES);
    const message = stored(await files.carry('ch:general', 'aroha', [file]));
    await files.erase('ch:general', message);
    expect([await refusal('aroha', file.id), await refusal('ben', file.id)]).toEqual(['not_found', 'not_found']);
    expect(await objects()).toEqual([`a/${file.id}`]);
    await janitor.take();
    expect(await objects()).toEqual([]);
    for (const kept of ['attachment', 'attachment_use']) expect(await api.dump(kept)).toBe('[]');
  });

  // proves AT-20
  test('with the last of its messages, when it was forwarded', async () => {
    const file = await files.upload('aroha', 'ch:crew', BYTES);
    const first = stored(await files.carry('ch:crew', 'aroha', [file]));
    const second = stored(await files.carry('ch:general', 'aroha', [file]));
    await files.erase('ch:crew', first);
    expect(JSON.parse(await api.dump('attachment_use'))).toHaveLength(1);
    await janitor.take();
    expect(await refusal('ben', file.id)).toBe('ok');
    await files.erase('ch:general', second);
    await janitor.take();
    expect(await objects()).toEqual([]);
  });

  // proves AT-20
  test('when its message expires, by its own ttl or by retention', async () => {
    const [short, long] = [
      await files.upload('aroha', 'ch:general', BYTES),
      await files.upload('ben', 'ch:general', BYTES),
    ];
    stored(await files.carry('ch:general', 'aroha', [short], { ttl: 3600 }));
    stored(await files.carry('ch:general', 'ben', [long]));
    api.clock.time += 3_600_001;
    expect(await refusal('aroha', short.id)).toBe('not_found');
    await janitor.take();
    expect(await objects()).toEqual([`a/${long.id}`]);
    api.clock.time += 90 * DAY;
    await janitor.take();
    expect(await objects()).toEqual([]);
    expect(await api.dump('attachment_due')).toBe('[]');
  });

  // proves AT-15
  test('a day after it was complete, when no message took it; an upload a day after it began', async () => {
    const file = await files.upload('aroha', 'ch:general', BYTES);
    const { id } = await api.deps.attachments.create('ben', {
      log: 'ch:general',
      name: 'b',
      type: 'a/b',
      size: 100_000,
    });
    await api.deps.attachments.putChunk('ben', id, { offset: 0, bytes: new Uint8Array(70_000) });
    api.clock.time += DAY - 1;
    await janitor.take();
    expect(await objects()).toHaveLength(2);
    api.clock.time += 1;
    await janitor.take();
    expect(await objects()).toEqual([]);
    expect(await refusal('aroha', file.id)).toBe('not_found');
    expect(await api.refusal('upload', 'ben', { params: { upload: id } })).toBe('not_found');
    expect(JSON.parse(await api.dump('upload_quota'))).toMatchObject([{}, { value: { open: [] } }]);
  });

  // proves AT-15
  test('when its owner cancels it, unless a message carries it', async () => {
    const [free, taken] = [
      await files.upload('ben', 'ch:general', BYTES),
      await files.upload('ben', 'ch:general', BYTES),
    ];
    stored(await files.carry('ch:general', 'ben', [taken]));
    await api.call('cancelUpload', 'ben', { params: { upload: free.id } });
    expect(await api.refusal('cancelUpload', 'ben', { params: { upload: taken.id } })).toBe('conflict');
    expect(await objects()).toEqual([`a/${taken.id}`]);
  });

  // proves AT-15
  test('when it belongs to nothing and is two days old: what a crash between two steps leaves', async () => {
    const file = await files.upload('aroha', 'ch:general', BYTES);
    stored(await files.carry('ch:general', 'aroha', [file]));
    const { id } = await api.deps.attachments.create('ben', { log: 'ch:general', name: 'b', type: 'a/b', size: 5 });
    const orphan = async function* () {
      yield BYTES;
    } as () => AsyncGenerator<Uint8Array>;
    for (const key of [`a/${id}`, `p/${id}`, chunkObject(id, 0, 'ff'), chunkObject(file.id, 0, 'ff')])
      await context.objects.put(key, orphan(), BYTES.length);
    api.clock.time += 2 * DAY;
    await janitor.compare();
    expect(await objects()).toHaveLength(5);
    api.clock.time += 1;
    await janitor.compare();
    expect(await objects()).toEqual([`a/${file.id}`]);
  });

  // proves AT-20
  test('never under a message that was checked before its file was released and kept after it was looked at', async () => {
    const file = await files.upload('aroha', 'ch:general', BYTES);
    const first = stored(await files.carry('ch:general', 'aroha', [file]));
    const looked = Promise.withResolvers<void>();
    const kept = Promise.withResolvers<void>();
    const late = sweepingThrough(async () => {
      looked.resolve();
      await kept.promise;
    });
    let swept: Promise<void> | undefined;
    const meanwhile = async () => {
      await files.erase('ch:general', first);
      swept = late.take();
      await looked.promise;
    };
    stored(await files.carry('ch:general', 'ben', [file], { meanwhile }));
    kept.resolve();
    await swept;
    expect(await refusal('aroha', file.id)).toBe('ok');
    expect(await objects()).toEqual([`a/${file.id}`]);
  });

  // proves AT-20
  test('from a message that comes too late: the message is refused', async () => {
    const file = await files.upload('aroha', 'ch:general', BYTES);
    const first = stored(await files.carry('ch:general', 'aroha', [file]));
    const meanwhile = async () => {
      await files.erase('ch:general', first);
      await janitor.take();
    };
    await expect(files.carry('ch:general', 'ben', [file], { meanwhile })).rejects.toThrow('not stored');
    expect(await objects()).toEqual([]);
  });
});

/** A janitor that is held up before the first change of an attachment it makes. */
function sweepingThrough(hold: () => Promise<void>): Janitor {
  let isHeld = false;
  const store: AttachmentContext['store'] = Object.assign(Object.create(context.store), {
    async commit(commands: Parameters<AttachmentContext['store']['commit']>[0]) {
      const changes = commands.flatMap((command) => command.changes ?? []);
      if (!isHeld && changes.some(({ collection }) => collection === 'attachment')) {
        isHeld = true;
        await hold();
      }
      return context.store.commit(commands);
    },
  });
  return new Janitor({ ...context, store, clock: stopped() }, () => {});
}

/** The test's time, at which nothing happens by itself. */
function stopped(): AttachmentContext['clock'] {
  return { now: () => api.clock.now(), after: () => () => {}, soon() {} };
}

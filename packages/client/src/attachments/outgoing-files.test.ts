import { describe, expect, test } from 'bun:test';
import { KonferencoError } from '../errors.ts';
import { serverError } from '../server-errors.ts';
import { LocalStoreError } from '../storage/local-store.ts';
import { UploadServer } from '../testing/upload-server.ts';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import type { Environment } from '../types.ts';
import type { FileStore } from './file-store.ts';
import { memoryFileStore } from './memory-file-store.ts';
import { openAttachments, type OpenAttachmentsOptions } from './open-attachments.ts';
import type { Attachments } from './types.ts';

/** Longer than one chunk, and not a multiple of anything. */
const SIZE = 700_001;

function fileOf(size = SIZE, name = 'plan.pdf', type = 'application/pdf'): File {
  const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31) % 251);
  return new File([bytes], name, { type });
}

interface World {
  readonly server: UploadServer;
  readonly clock: VirtualClock;
  readonly files: FileStore;
  start(options?: Partial<OpenAttachmentsOptions>): Promise<Attachments>;
}

function world(): World {
  const server = new UploadServer();
  const clock = new VirtualClock();
  const files = memoryFileStore();
  const environment = {
    ...{ now: clock.now, after: clock.after, random: () => 0.5 },
    exclusively: locks(),
  };
  const start = (options = {}) => openAttachments({ client: server.client(), files, environment, ...options });
  return { server, clock, files, start };
}

/** Locks as the programs of one device share them. */
function locks(): Environment['exclusively'] {
  const last = new Map<string, Promise<unknown>>();
  return (name, fn) => {
    const mine = (last.get(name) ?? Promise.resolve()).then(fn);
    last.set(
      name,
      mine.catch(() => undefined),
    );
    return mine;
  };
}

/** Everything that can happen without a network or time does: also what waits for a digest or a file's bytes. */
async function idle(until: () => boolean): Promise<void> {
  for (let round = 0; round < 100_000 && !until(); round++) await settle();
  expect(until()).toBe(true);
}

const stateOf = (attachments: Attachments) => attachments.outgoing.state().map(({ state }) => state.kind);
const bytesOf = async (server: UploadServer) => [...server.uploads.values()].map(({ bytes }) => bytes);

describe('a message with files', () => {
  // proves CL-32
  test('is sent once all of its files are on the server, byte for byte, with what the server says of them', async () => {
    const { server, start } = world();
    const attachments = await start();
    const [plan, notes] = [fileOf(), fileOf(10, 'notes.txt', 'text/plain; charset=utf-8')];
    const { stored, id } = await attachments.send(server.client().channel('hall'), [plan, notes], { text: 'The plan' });
    expect(await stored).toMatchObject({ id, offset: 1 });
    expect(server.sent).toHaveLength(1);
    expect(server.sent[0]).toMatchObject({
      log: 'ch:hall',
      text: 'The plan',
      options: {
        written: { id, timestamp: 1, after: 3 },
        attachments: [
          { name: 'plan.pdf', size: SIZE },
          { name: 'notes.txt', type: 'text/plain', size: 10 },
        ],
      },
    });
    expect(await bytesOf(server)).toEqual([
      new Uint8Array(await plan.arrayBuffer()),
      new Uint8Array(await notes.arrayBuffer()),
    ]);
    await idle(() => attachments.outgoing.state().length === 0);
    expect((await attachments.usage()).outgoing).toBe(0);
  });

  // proves CL-33
  test('goes on where the server has it after the link was lost between two parts', async () => {
    const { server, start } = world();
    const attachments = await start();
    let chunks = 0;
    server.before = (route) => {
      if (route === 'uploadChunk' && ++chunks === 2) server.isOnline = false;
    };
    const { stored } = await attachments.send(server.client().channel('hall'), [fileOf()]);
    const why = () => attachments.outgoing.state().map(({ state }) => state);
    await idle(() => JSON.stringify(why()) === JSON.stringify([{ kind: 'waiting', why: 'link' }]));
    const had = (await bytesOf(server))[0]?.length ?? 0;
    expect(had).toBeGreaterThan(0);
    expect(attachments.outgoing.state()[0]?.files[0]?.sent).toBe(had);
    await server.turn(true);
    await stored;
    expect((await bytesOf(server))[0]).toEqual(new Uint8Array(await fileOf().arrayBuffer()));
    // The part that was lost, and those after it: none twice.
    expect(server.calls.filter((route) => route === 'uploadChunk')).toHaveLength(chunks);
    expect(server.sent).toHaveLength(1);
  });

  // proves CL-33
  test('written without a link, and taken up by the next run of the program, is sent once', async () => {
    const { server, start } = world();
    await server.turn(false);
    const before = await start();
    const { id } = await before.send(server.client().channel('hall'), [fileOf(20)], { text: 'Kept' });
    expect(stateOf(before)).toEqual(['waiting']);
    await before.close();
    const attachments = await start();
    expect(attachments.outgoing.state()).toMatchObject([{ id, text: 'Kept', files: [{ name: 'plan.pdf', size: 20 }] }]);
    await server.turn(true);
    await idle(() => server.sent.length > 0 && attachments.outgoing.state().length === 0);
    expect(server.sent.map(({ options }) => options.written?.id)).toEqual([id]);
  });

  // proves CL-33
  test('is carried by one of the programs of a device, and by another once that one has gone', async () => {
    const { server, start } = world();
    await server.turn(false);
    const one = await start();
    const { id } = await one.send(server.client().channel('hall'), [fileOf(20)]);
    const { id: later } = await one.send(server.client().channel('wai'), [fileOf(20)]);
    one.pause(later);
    const other = await start();
    await server.turn(true);
    await idle(() => stateOf(one).join() === 'paused');
    expect(server.sent.map(({ options }) => options.written?.id)).toEqual([id]);
    await idle(() => other.outgoing.state().length === 1);
    await one.close();
    await idle(() => stateOf(other).join() === 'paused');
    other.resume(later);
    await idle(() => other.outgoing.state().length === 0);
    expect(server.sent.map(({ options }) => options.written?.id)).toEqual([id, later]);
  });

  // proves CL-33
  test('found in the outbox at the next start, is not put there again', async () => {
    const { server, files, start } = world();
    await server.turn(false);
    const before = await start();
    const { id } = await before.send(server.client().channel('hall'), [fileOf(20)]);
    await before.close();
    const [row] = await files.records('');
    const record = row?.value as { files: object[] };
    const attachment = { id, name: 'plan.pdf', type: 'application/pdf', size: 20 };
    await files.write([
      { table: 'records', key: row?.key ?? '', value: { ...record, files: [{ ...record.files[0], attachment }] } },
    ]);
    server.inOutbox(id);
    server.isOnline = true;
    const attachments = await start();
    await idle(() => stateOf(attachments).join() === 'sending');
    server.stored(id);
    await idle(() => attachments.outgoing.state().length === 0);
    expect(server.sent).toEqual([]);
  });

  // proves CL-33
  test('left behind by a program that has gone is taken up by one that runs already', async () => {
    const { server, start } = world();
    await server.turn(false);
    const other = await start();
    const one = await start();
    const { id } = await one.send(server.client().channel('hall'), [fileOf(20)]);
    await one.close();
    await server.turn(true);
    await idle(() => server.sent.length > 0 && other.outgoing.state().length === 0);
    expect(server.sent.map(({ options }) => options.written?.id)).toEqual([id]);
  });

  test('is tried again with growing pauses while the server is in trouble, and says why it waits', async () => {
    const { server, clock, start } = world();
    const attachments = await start();
    let refusals = 2;
    server.before = (route) => {
      if (route === 'createUpload' && refusals-- > 0) throw serverError('overloaded');
    };
    const { stored } = await attachments.send(server.client().channel('hall'), [fileOf(20)]);
    await idle(() => stateOf(attachments).join() === 'waiting' && clock.pending > 0);
    const first = attachments.outgoing.state()[0]?.state;
    expect(first).toMatchObject({ why: 'error', error: { error: 'overloaded' } });
    let isStored = false;
    void stored.then(() => {
      isStored = true;
    });
    for (let second = 0; second < 60 && !isStored; second++) await clock.pass(1_000);
    await stored;
    expect(refusals).toBe(-1);
  });

  test('that the server refuses says so, is not repeated by itself, and can be tried again or given up', async () => {
    const { server, start } = world();
    const attachments = await start();
    server.before = (route) => {
      if (route === 'completeUpload')
        throw new KonferencoError({ code: 1013, error: 'upload_type_refused', message: '' });
    };
    const hall = server.client().channel('hall');
    const { id, stored } = await attachments.send(hall, [fileOf(20)]);
    await idle(() => stateOf(attachments).join() === 'failed');
    await server.turn(true);
    expect(attachments.outgoing.state()[0]?.state).toMatchObject({ error: { error: 'upload_type_refused' } });
    server.before = () => {};
    attachments.resume(id);
    await stored;
    const other = await attachments.send(hall, [fileOf(20)]);
    await attachments.cancel(other.id);
    expect(other.stored).rejects.toMatchObject({ error: 'discarded' });
    expect(attachments.outgoing.state()).toEqual([]);
    expect((await attachments.usage()).outgoing).toBe(0);
  });

  test('that is paused stays so over a restart, and the next one of its conversation passes it', async () => {
    const { server, start } = world();
    const first = await start();
    server.before = (route) =>
      route === 'uploadChunk' && server.sent.length === 0 ? new Promise<void>(() => {}) : undefined;
    const hall = server.client().channel('hall');
    const { id } = await first.send(hall, [fileOf(20)]);
    const after = await first.send(hall, [fileOf(30)]);
    await idle(() => stateOf(first).join() === 'uploading,waiting');
    first.pause(id);
    server.before = () => {};
    await idle(() => server.sent.length > 0 || stateOf(first).join() === 'paused');
    await after.stored.catch(() => undefined);
    await first.close();
    const next = await start();
    await idle(() => stateOf(next).join() === 'paused');
    next.resume(id);
    await idle(() => next.outgoing.state().length === 0);
    expect(server.sent.map(({ options }) => options.written?.id)).toEqual([after.id, id]);
  });

  // proves CL-32
  test('waits for an earlier one of its conversation that is tried again, not for those of others', async () => {
    const { server, start } = world();
    const attachments = await start();
    server.before = (route) => {
      if (route === 'createUpload' && server.sent.length === 0 && server.uploads.size === 0)
        throw serverError('internal');
    };
    const client = server.client();
    await attachments.send(client.channel('hall'), [fileOf(20)], { text: 'first' });
    await idle(() => JSON.stringify(attachments.outgoing.state()).includes('"why":"error"'));
    await attachments.send(client.channel('hall'), [fileOf(20)], { text: 'second' });
    server.before = () => {};
    const elsewhere = await attachments.send(client.channel('wai'), [fileOf(20)], { text: 'elsewhere' });
    await elsewhere.stored;
    expect(stateOf(attachments)).toEqual(['waiting', 'waiting']);
    await server.turn(true);
    const [first] = attachments.outgoing.state();
    attachments.resume(first?.id ?? '');
    await idle(() => attachments.outgoing.state().length === 0);
    expect(server.sent.map(({ text }) => text)).toEqual(['elsewhere', 'first', 'second']);
  });

  test('does not wait for an answer that will not come once the device has no network', async () => {
    const { server, start } = world();
    const attachments = await start();
    server.before = (route) => (route === 'uploadChunk' ? new Promise<void>(() => {}) : undefined);
    const { stored } = await attachments.send(server.client().channel('hall'), [fileOf(20)]);
    await idle(() => server.calls.includes('uploadChunk'));
    await server.turn(false);
    expect(attachments.outgoing.state()[0]?.state).toEqual({ kind: 'waiting', why: 'link' });
    server.before = () => {};
    await server.turn(true);
    await stored;
    expect(server.sent).toHaveLength(1);
  });

  test('is uploaded again when it waited in the outbox for longer than the server keeps its files', async () => {
    const { server, start } = world();
    const attachments = await start();
    let tries = 0;
    server.before = (route) => {
      if (route === 'send' && ++tries === 1) throw serverError('not_found');
    };
    const { stored, id } = await attachments.send(server.client().channel('hall'), [fileOf(20)]);
    await stored;
    expect(server.uploads.size).toBe(2);
    expect(server.sent.map(({ options }) => options.written?.id)).toEqual([id]);
  });

  test('begins its upload anew when the server forgot it', async () => {
    const { server, start } = world();
    const attachments = await start();
    let chunks = 0;
    server.before = (route) => {
      if (route === 'uploadChunk' && ++chunks === 2) server.uploads.clear();
    };
    const { stored } = await attachments.send(server.client().channel('hall'), [fileOf()]);
    await stored;
    expect((await bytesOf(server)).map(({ length }) => length)).toEqual([SIZE]);
  });
});

describe('what a device keeps', () => {
  // proves CL-34
  test('a message whose files are more than the bound is refused, and nothing of it is kept', async () => {
    const { server, start } = world();
    await server.turn(false);
    const attachments = await start({ limits: { outgoing: 1_000 } });
    const hall = server.client().channel('hall');
    await attachments.send(hall, [fileOf(600)]);
    // Both at once: the bound holds for what is being added too.
    const [second, third] = await Promise.allSettled([
      attachments.send(hall, [fileOf(300)]),
      attachments.send(hall, [fileOf(300)]),
    ]);
    expect([second.status, third.status]).toEqual(['fulfilled', 'rejected']);
    expect((third as PromiseRejectedResult).reason).toMatchObject({ error: 'files_full' });
    expect(await attachments.usage()).toMatchObject({ outgoing: 900 });
    expect(attachments.outgoing.state()).toHaveLength(2);
  });

  // proves CL-34
  test('without room on the device, opened files leave first, and then the message is refused', async () => {
    const { server, files, start } = world();
    await server.turn(false);
    const kept = { table: 'records', key: 'kept/a', value: { size: 20, used_at: 1 } } as const;
    await files.write([kept, { table: 'blobs', key: 'kept/a', value: fileOf(20) }]);
    // Room for one more file, once the opened one has left.
    let room = 0;
    const tight: FileStore = {
      ...files,
      async write(changes) {
        if (changes.some(({ key, value }) => key === 'kept/a' && value === undefined)) room++;
        const isNew = changes.some(({ table, value }) => table === 'blobs' && value !== undefined);
        if (isNew && room === 0) throw new LocalStoreError('full', 'no room');
        if (isNew) room--;
        await files.write(changes);
      },
    };
    const attachments = await start({ files: tight });
    const hall = server.client().channel('hall');
    await attachments.send(hall, [fileOf(20)]);
    expect(await attachments.usage()).toMatchObject({ outgoing: 20, kept: 0 });
    await expect(attachments.send(hall, [fileOf(20)])).rejects.toMatchObject({ error: 'storage' });
    expect(attachments.outgoing.state()).toHaveLength(1);
  });

  test('what the server is known to refuse is refused before it is kept', async () => {
    const { server, start } = world();
    const attachments = await start();
    await attachments.rules();
    const refused = attachments.send(server.client().channel('hall'), [fileOf(1_000_001)]);
    expect(refused).rejects.toMatchObject({ error: 'upload_too_large' });
    await refused.catch(() => undefined);
    expect(attachments.outgoing.state()).toEqual([]);
  });

  test('signing out leaves nothing', async () => {
    const { server, files, start } = world();
    await server.turn(false);
    const attachments = await start();
    const { id } = await attachments.send(server.client().channel('hall'), [fileOf(20)]);
    await attachments.forget();
    expect(await files.records('')).toEqual([]);
    expect(await files.blob(`outgoing/${id}/0`)).toBeUndefined();
    expect(attachments.outgoing.state()).toEqual([]);
  });
});

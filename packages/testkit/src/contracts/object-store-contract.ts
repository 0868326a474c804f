import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { ObjectSizeError, type ObjectStore } from '@konferenco/core';

export interface ObjectStoreUnderTest {
  readonly objects: ObjectStore;
  /** What an address that `link` made gives, as whoever has it sees it. */
  follow(url: string, range?: string): Promise<Response>;
  dispose(): Promise<void>;
}

const MB = 1_048_576;

/** The behaviour every adapter of the `ObjectStore` port shows. Each test gets an empty store from `open`. */
export function describeObjectStoreContract(name: string, open: () => Promise<ObjectStoreUnderTest>): void {
  describe(`${name} as a store of objects`, () => {
    let under: ObjectStoreUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.dispose());
    const bench: Bench = {
      get objects() {
        return under.objects;
      },
      follow: (url, range) => under.follow(url, range),
    };
    describeBodies(bench);
    describeFailures(bench);
    describeLists(bench);
    describeLinks(bench);
  });
}

type Bench = Pick<ObjectStoreUnderTest, 'objects' | 'follow'>;

function describeBodies(bench: Bench): void {
  // proves AT-5
  test('what is read is what was put, byte for byte, small or of many parts', async () => {
    for (const size of [0, 1, 300_000, 8 * MB, 20 * MB + 17]) {
      await bench.objects.put(`a/${size}`, bodyOf(size), size);
      const body = await bench.objects.get(`a/${size}`);
      expect(body?.size).toBe(size);
      expect(await digestOf(body?.bytes)).toBe(await digestOf(bodyOf(size)));
    }
  }, 30_000);

  // proves AT-5
  test('a range gives its bytes and the size of the whole', async () => {
    await bench.objects.put('a/ranged', bodyOf(1_000_000), 1_000_000);
    const whole = await gather(bodyOf(1_000_000));
    for (const [first, last] of [
      [0, 99],
      [999_999, 999_999],
      [262_143, 262_144],
      [17, 700_000],
    ] as const) {
      const part = await bench.objects.get('a/ranged', { first, last });
      expect(part?.size).toBe(1_000_000);
      expect((await gather(part!.bytes)).equals(whole.subarray(first, last + 1))).toBe(true);
    }
  });

  test('what was never put, or was deleted, is not there; deleting it again is done', async () => {
    expect(await bench.objects.get('a/none')).toBeNull();
    expect(await bench.objects.stat('a/none')).toBeNull();
    await bench.objects.put('a/some', bodyOf(10), 10);
    expect(await bench.objects.stat('a/some')).toMatchObject({ key: 'a/some', size: 10 });
    await bench.objects.delete('a/some');
    await bench.objects.delete('a/some');
    expect(await bench.objects.get('a/some')).toBeNull();
  });

  test('an object put again is replaced as a whole', async () => {
    await bench.objects.put('a/twice', bodyOf(1000), 1000);
    await bench.objects.put('a/twice', bodyOf(10), 10);
    expect(await bench.objects.stat('a/twice')).toMatchObject({ size: 10 });
  });
}

function describeFailures(bench: Bench): void {
  // proves AT-4
  test('a body that breaks off, or is longer or shorter than announced, leaves nothing, and what was there stays', async () => {
    await bench.objects.put('a/kept', bodyOf(5), 5);
    for (const size of [1000, 9 * MB]) {
      const broken = (async function* () {
        yield* bodyOf(size - 1);
        throw new Error('the network broke');
      })();
      expect(await outcomeOf(bench.objects.put('a/kept', broken, size))).toBe('the network broke');
      for (const other of [size - 1, size + 1]) {
        const error = await bench.objects.put('a/kept', bodyOf(size), other).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(ObjectSizeError);
      }
    }
    expect(await bench.objects.stat('a/kept')).toMatchObject({ size: 5 });
    expect((await bench.objects.list('a/', { limit: 10 })).objects).toHaveLength(1);
  });

  // proves AT-6
  test('a key that could lead anywhere else is refused', async () => {
    for (const key of [
      '',
      '/a',
      'a/',
      '../a',
      'a/../b',
      'a//b',
      '.a',
      'a b',
      'a\\b',
      'a\u0000',
      'ā',
      'a'.repeat(201),
    ]) {
      expect(await outcomeOf(bench.objects.put(key, bodyOf(1), 1))).toStartWith('not the key');
    }
  });
}

function describeLists(bench: Bench): void {
  test('a list gives every object of a prefix once, page by page', async () => {
    const keys = Array.from({ length: 7 }, (_, n) => `b/${n}`);
    for (const key of [...keys, 'a/1', 'bc/1']) await bench.objects.put(key, bodyOf(3), 3);
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await bench.objects.list('b/', { limit: 3, ...(after === undefined ? {} : { after }) });
      found.push(...page.objects.map(({ key }) => key));
      after = page.next;
    } while (after !== undefined);
    expect(found.sort()).toEqual(keys);
  });

  test('a list says how large objects are and when they were written', async () => {
    const before = Date.now();
    await bench.objects.put('c/1', bodyOf(33), 33);
    const [info] = (await bench.objects.list('c/', { limit: 1 })).objects;
    expect(info?.size).toBe(33);
    expect(info?.modified_at).toBeWithin(before - 2_000, Date.now() + 2_000);
  });

  test('sweeping touches no object', async () => {
    await bench.objects.put('d/1', bodyOf(3), 3);
    expect(await bench.objects.sweep(Date.now() + 1_000)).toBe(0);
    expect(await bench.objects.stat('d/1')).not.toBeNull();
  });
}

function describeLinks(bench: Bench): void {
  const options = { expires_in_s: 300, type: 'text/plain', disposition: `attachment; filename*=UTF-8''%C4%81.txt` };

  // proves AT-16
  test('a link gives the object as it was asked for, whole or in part', async () => {
    await bench.objects.put('e/1', bodyOf(1000), 1000);
    const url = await bench.objects.link('e/1', options);
    const whole = await bench.follow(url);
    expect(whole.status).toBe(200);
    expect(whole.headers.get('content-type')).toStartWith('text/plain');
    expect(whole.headers.get('content-disposition')).toBe(options.disposition);
    expect(whole.headers.get('cache-control')).toContain('private');
    expect(Buffer.from(await whole.arrayBuffer()).equals(await gather(bodyOf(1000)))).toBe(true);
    const part = await bench.follow(url, 'bytes=10-19');
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 10-19/1000');
    expect(Buffer.from(await part.arrayBuffer()).equals((await gather(bodyOf(1000))).subarray(10, 20))).toBe(true);
  });

  test('a link to nothing answers 404', async () => {
    expect((await bench.follow(await bench.objects.link('e/none', options))).status).toBe(404);
  });
}

/** Bytes that repeat exactly and differ from place to place, in pieces of uneven length. */
export async function* bodyOf(size: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0, piece = 1; at < size; at += piece) {
    piece = Math.min(size - at, (piece * 7) % 300_007 || 1);
    const bytes = new Uint8Array(piece);
    for (let n = 0; n < piece; n++) bytes[n] = ((at + n) * 2_654_435_761) >>> 13;
    yield bytes;
  }
}

async function gather(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}

async function digestOf(bytes: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const hash = new Bun.CryptoHasher('sha256');
  for await (const piece of bytes ?? []) hash.update(piece);
  return hash.digest('hex');
}

function outcomeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

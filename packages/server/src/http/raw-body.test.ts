import { expect, test } from 'bun:test';
import { TestClock } from '../accounts/test-world.ts';
import { RawBodies } from './raw-body.ts';

const MB = 1_048_576;

class ManualClock extends TestClock {
  readonly timers = new Set<() => void>();
  override after(_ms: number, fn: () => void): () => void {
    this.timers.add(fn);
    return () => this.timers.delete(fn);
  }
}

const request = (body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>, length?: number) =>
  new Request('http://hui.test/', {
    method: 'PUT',
    body,
    headers: length === undefined ? {} : { 'content-length': String(length) },
  });
const never = () => new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: unknown) => (error as { error?: string }).error ?? String(error),
  );

test('a body arrives whole, and one that is larger than announced or allowed is refused', async () => {
  const bodies = new RawBodies(new TestClock());
  const { bytes, release } = await bodies.read(request(new Uint8Array([1, 2, 3]), 3), 'mere', 10);
  expect([...bytes]).toEqual([1, 2, 3]);
  release();
  expect(await errorOf(bodies.read(request(new Uint8Array(3), 2), 'mere', 10))).toBe('too_large');
  expect(await errorOf(bodies.read(request(new Uint8Array(11), 11), 'mere', 10))).toBe('too_large');
  expect(await errorOf(bodies.read(request(new Uint8Array(11)), 'mere', 10))).toBe('too_large');
  expect(await errorOf(bodies.read(request(new Uint8Array(1), Number.NaN), 'mere', 10))).toBe('too_large');
});

// proves AT-14
test('one person sends four bodies at once, whatever became of earlier ones', async () => {
  const bodies = new RawBodies(new ManualClock());
  const stalled = [1, 2, 3, 4].map(() => bodies.read(request(never(), 10), 'mere', 10));
  expect(await errorOf(bodies.read(request(new Uint8Array(1), 1), 'mere', 10))).toBe('rate_limited');
  const { release } = await bodies.read(request(new Uint8Array(1), 1), 'hone', 10);
  release();
  expect(stalled).toHaveLength(4);
});

// proves AT-14
test('a body that does not come is given up, and its memory is there for others', async () => {
  const clock = new ManualClock();
  const bodies = new RawBodies(clock);
  const stalled = Array.from({ length: 16 }, (_, n) =>
    errorOf(bodies.read(request(never(), 4 * MB), `person-${n >> 2}`, 4 * MB)),
  );
  expect(await errorOf(bodies.read(request(new Uint8Array(1), 1), 'hone', 10))).toBe('overloaded');
  for (const fire of [...clock.timers]) fire();
  expect(new Set(await Promise.all(stalled))).toEqual(new Set(['invalid']));
  expect(await errorOf(bodies.read(request(new Uint8Array(1), 1), 'hone', 10))).toBe('none');
});

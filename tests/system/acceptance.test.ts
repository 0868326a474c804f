import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { TestClient, type TestMessage, TestServer } from '@konferenco/testkit';
import { until } from './support/until.ts';

/** The scenarios of the architecture decision record, as a user of the test kit writes them. */
describe.each(['memory', 'disk'] as const)('a server on %s', (storage) => {
  let server: TestServer;
  let client1: TestClient;
  let client2: TestClient;

  beforeAll(async () => {
    server = await TestServer.start({ mockExternal: true, storage });
    client1 = await TestClient.connect(server.url, { userId: 'user-1' });
    client2 = await TestClient.connect(server.url, { userId: 'user-2' });
  });

  afterAll(async () => {
    await client1.disconnect();
    await client2.disconnect();
    await server.stop();
  });

  test('a direct message arrives', async () => {
    const message = client2.waitForMessage();
    await client1.sendDirectMessage('user-2', { text: 'Hello!' });
    expect((await message).payload.text).toBe('Hello!');
  });

  test('1,000 people more are connected at the same time', async () => {
    const clients = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => TestClient.connect(server.url, { userId: `load-user-${i}` })),
    );
    const metrics = await server.getMetrics();
    expect(metrics.activeConnections).toBe(1002);
    // In this process the figure holds the clients and every test before this one too.
    if (storage === 'disk') expect(metrics.memoryUsageMB).toBeLessThan(500);
    await Promise.all(clients.map((client) => client.disconnect()));
    await until(async () => (await server.getMetrics()).activeConnections === 2, 'the 1,000 are gone again');
  }, 240_000);

  // proves DL-17
  test('messages sent to somebody offline are synced in order when they come back', async () => {
    await client2.disconnect();
    for (const text of ['Message 1', 'Message 2', 'Message 3']) await client1.sendDirectMessage('user-2', { text });

    const synced: TestMessage[] = [];
    client2 = await TestClient.connect(server.url, {
      userId: 'user-2',
      onSync: (messages) => synced.push(...messages),
    });
    await until(() => synced.length >= 3, 'three messages are synced', 5000);
    expect(synced.map((message) => message.payload.text)).toEqual(['Message 1', 'Message 2', 'Message 3']);
  }, 120_000);

  test('a message to a channel reaches all of its 100 subscribers', async () => {
    const channelId = 'test-channel';
    const subscribers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => TestClient.connect(server.url, { userId: `subscriber-${i}` })),
    );
    await Promise.all(subscribers.map((subscriber) => subscriber.subscribeToChannel(channelId)));
    const deliveries = subscribers.map((subscriber) => subscriber.waitForMessage());
    await client1.sendChannelMessage(channelId, { text: 'Broadcast!' });
    const texts = (await Promise.all(deliveries)).map((message) => message.payload.text);
    expect(texts).toEqual(Array.from({ length: 100 }, () => 'Broadcast!'));
    await Promise.all(subscribers.map((subscriber) => subscriber.disconnect()));
  }, 120_000);

  test('the eleventh message within a minute is told when to come again', async () => {
    const eager = await TestClient.connect(server.url, { userId: 'eager' });
    for (let i = 0; i < 10; i++) await eager.sendChannelMessage('test-channel', { text: `Number ${i}` });
    const states: string[] = [];
    void eager.sdk
      .channel('test-channel')
      .send('Number 10', { onState: (state) => states.push(state) })
      .catch(() => undefined);
    await until(() => states.at(-1) === 'queued' && states.includes('sent'), 'it waits in the outbox');
    const [last] = eager.sdk.channel('test-channel').state().timeline.slice(-1);
    expect(last).toMatchObject({ text: 'Number 10', error: { error: 'rate_limited', retry_at: expect.any(Number) } });
    await eager.disconnect();
  }, 120_000);
});

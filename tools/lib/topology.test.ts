import { expect, test } from 'bun:test';
import { draw } from './topology.ts';

test('nodes stand in columns, parts and the latest events below', () => {
  const node = {
    name: 'node-8080',
    standing: 'open',
    connections: 12,
    users: 11,
    cpu: 0.256,
    memory_bytes: 52_428_800,
  };
  const quiet = { ...node, name: 'node-8081', standing: 'suspected', connections: 0, users: 0, p99_ms: null };
  const text = draw({
    nodes: [
      { ...node, p99_ms: 12.4, publish_per_s: 30.2, deliver_per_s: 301 },
      { ...quiet, publish_per_s: 0, deliver_per_s: 0 },
    ],
    parts: [{ name: 'nats', state: 'connected', detail: '1 ms' }],
    events: [{ at: Date.UTC(2027, 0, 1, 9, 8, 7), kind: 'suspected', node: 'node-8081' }],
  });
  expect(text.split('\n')).toEqual([
    'node       state      connections  users   cpu  memory    p99  publish/s  deliver/s',
    'node-8080  open                12     11  26 %  50 MiB  12 ms         30        301',
    'node-8081  suspected            0      0  26 %  50 MiB      –          0          0',
    '',
    'nats         connected    1 ms',
    '',
    '09:08:07 node-8081 suspected',
  ]);
});

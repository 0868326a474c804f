import type { ClientFrame, ClientFrameType, ShortFrame } from './client-frame.ts';
import type { Envelope } from './envelope.ts';
import type { ServerFrame, ServerFrameType } from './server-frame.ts';

/** One valid example of every frame: what decoding must accept today and in every later version that speaks this protocol. */

const ID = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
const AT = 1_763_600_000_000;

export const ENVELOPE: Envelope = {
  id: ID,
  type: 'chat',
  subtype: 'channel_message',
  from: { user_id: 'mere', device_id: 'phone' },
  to: { type: 'channel', id: 'hall-a', event_id: 'conf' },
  payload: { text: 'Kia ora koutou', mentions: ['hone'] },
  timestamp: AT,
  ttl: 3600,
  priority: 'low',
  delivery: { required_ack: true, retry_policy: 'exponential', max_retries: 5, dedup_window: 86_400 },
  signature: 'A'.repeat(86),
};

export const CLIENT_GOLDEN: { readonly [T in ClientFrameType]: Extract<ClientFrame, { type: T }> } = {
  hello: { type: 'hello', ref: 1, device_id: 'phone', client: 'web 0.1.0', status: 'online', capabilities: ['digest'] },
  auth: { type: 'auth', ref: 2, token: 'eyJ.eyJ.sig' },
  subscribe: { type: 'subscribe', ref: 3, logs: ['ch:hall-a', 'dm:hone:mere', 'ev:conf'], after: { 'ch:hall-a': 7 } },
  unsubscribe: { type: 'unsubscribe', ref: 4, logs: ['ch:hall-a'] },
  publish: { type: 'publish', ref: 5, envelope: ENVELOPE },
  ack: { type: 'ack', inbox: 12 },
  history: { type: 'history', ref: 6, log: 'ch:hall-a', after: 7, limit: 100 },
  sync: { type: 'sync', ref: 9, namespace: 'schedule', event: 'conf', since_version: 'K3x:17', max_operations: 500 },
  presence: { type: 'presence', ref: 7, status: 'away' },
  watch: { type: 'watch', ref: 8, channels: ['hall-a'], users: ['hone'] },
  heartbeat: { type: 'heartbeat', nonce: 99 },
};

export const SHORT_GOLDEN: { readonly [T in ShortFrame['type']]: Extract<ShortFrame, { type: T }> } = {
  subscribe: { type: 'subscribe', channel: 'load' },
  chat: { type: 'chat', channel: 'load', text: 'Test message 1', timestamp: AT },
};

const ITEM = { offset: 8, at: AT, envelope: ENVELOPE };

export const SERVER_GOLDEN: { readonly [T in ServerFrameType]: Extract<ServerFrame, { type: T }> } = {
  message: { type: 'message', log: 'ch:hall-a', items: [ITEM, { offset: 9, at: AT, gone: 'erased' }] },
  inbox: { type: 'inbox', items: [{ ...ITEM, inbox: 3, reason: 'mention', log: 'ch:hall-a' }] },
  transient: {
    type: 'transient',
    log: 'ch:hall-a',
    envelope: { ...ENVELOPE, subtype: 'typing', payload: { active: true } },
  },
  reply: { type: 'reply', ref: 5, data: { log: 'ch:hall-a', offset: 8, at: AT } },
  error: { type: 'error', ref: 5, code: 3000, error: 'rate_limited', message: 'Too many.', retry_after_ms: 1500 },
  skipped: { type: 'skipped', log: 'ch:hall-a', from: 10, to: 90 },
  resync: { type: 'resync', log: 'ch:hall-a' },
  heartbeat: { type: 'heartbeat', nonce: 99, server_time: AT },
  migrate: { type: 'migrate', within_ms: 30_000 },
  presence: { type: 'presence', channel: 'hall-a', count: 2, full: true, users: [{ user_id: 'hone', status: 'busy' }] },
  changed: { type: 'changed', what: 'membership', id: 'hall-a' },
};

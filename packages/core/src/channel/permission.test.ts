import { describe, expect, test } from 'bun:test';
import type { Role } from '@konferenco/protocol';
import fc from 'fast-check';
import {
  type ChannelPart,
  channelModerate,
  channelRead,
  type ChannelRules,
  channelWrite,
  directRead,
  directWrite,
  eventRead,
  eventWrite,
  inboxRead,
  mayPost,
  type Standing,
} from './permission.ts';
import { isAbove, isAtLeast, ROLES } from './role.ts';

const as = (role: Role): Standing => ({ kind: 'member', role });
const BANNED: Standing = { kind: 'banned' };
const STRANGER: Standing = { kind: 'stranger' };
const channel = (visibility: ChannelRules['visibility'], archived = false): ChannelRules => ({ visibility, archived });
const text = { type: 'chat', subtype: 'channel_message' };

const anyStanding = fc.oneof(
  fc.constantFrom<Standing>(BANNED, STRANGER),
  fc.constantFrom(...ROLES).map((role) => as(role)),
);
const anyChannel = fc.record({
  visibility: fc.constantFrom<ChannelRules['visibility']>('public', 'private', 'announce'),
  archived: fc.boolean(),
});
const anyPart = fc.constantFrom<ChannelPart>('none', 'member', 'moderator');
const anyMessage = fc.constantFrom(
  text,
  { type: 'chat', subtype: 'reaction' },
  { type: 'chat', subtype: 'read' },
  { type: 'chat', subtype: 'delete' },
  { type: 'schedule', subtype: 'session_change' },
  { type: 'schedule', subtype: 'session_start' },
  { type: 'state', subtype: 'operation' },
  { type: 'meeting', subtype: 'request' },
  { type: 'alert', subtype: 'alert' },
  { type: 'location', subtype: 'position_update' },
  { type: 'signal', subtype: 'signal' },
);

describe('roles', () => {
  test('stand in one order: owner, moderator, speaker, exhibitor, attendee', () => {
    for (const [i, higher] of ROLES.entries()) {
      for (const lower of ROLES.slice(i + 1)) {
        expect(isAbove(higher, lower)).toBe(true);
        expect(isAtLeast(lower, higher)).toBe(false);
      }
      expect(isAtLeast(higher, higher)).toBe(true);
    }
  });
});

describe('channels', () => {
  test('a public channel is open to every member of the event and to nobody else', () => {
    expect(channelWrite(channel('public'), as('attendee'), 'none', text)).toBe('ok');
    expect(channelRead(channel('public'), STRANGER, 'none')).toBe('not_member');
    expect(channelRead(channel('public'), BANNED, 'member')).toBe('banned');
  });

  // proves AC-8
  test('a private channel is closed to those who did not join it, the owner included', () => {
    expect(channelRead(channel('private'), as('owner'), 'none')).toBe('not_member');
    expect(channelWrite(channel('private'), as('owner'), 'none', text)).toBe('not_member');
    expect(channelWrite(channel('private'), as('attendee'), 'member', text)).toBe('ok');
  });

  // proves AC-9
  test('an announce channel takes posts from speakers and above, reactions from all', () => {
    expect(channelWrite(channel('announce'), as('speaker'), 'none', text)).toBe('ok');
    expect(channelWrite(channel('announce'), as('exhibitor'), 'member', text)).toBe('forbidden');
    expect(channelWrite(channel('announce'), as('attendee'), 'none', { type: 'chat', subtype: 'reaction' })).toBe('ok');
    expect(mayPost(channel('announce'), as('attendee'), 'moderator')).toBe(true);
  });

  // proves AC-13
  test('an archived channel is read, and only moderators remove from it', () => {
    expect(channelRead(channel('public', true), as('attendee'), 'none')).toBe('ok');
    expect(mayPost(channel('public', true), as('owner'), 'moderator')).toBe(false);
    const deletion = { type: 'chat', subtype: 'delete' };
    expect(channelWrite(channel('public', true), as('attendee'), 'member', deletion)).toBe('forbidden');
    expect(channelWrite(channel('public', true), as('moderator'), 'none', deletion)).toBe('ok');
  });

  test('whoever may write or moderate may read', () => {
    fc.assert(
      fc.property(anyChannel, anyStanding, anyPart, anyMessage, (rules, standing, part, message) => {
        const reads = channelRead(rules, standing, part) === 'ok';
        if (channelWrite(rules, standing, part, message) === 'ok') expect(reads).toBe(true);
        if (channelModerate(rules, standing, part)) expect(reads).toBe(true);
      }),
    );
  });

  // proves AC-12
  test('alerts come from owners and moderators alone; location, signals and operations have no place in a channel', () => {
    fc.assert(
      fc.property(anyChannel, anyStanding, anyPart, anyMessage, (rules, standing, part, message) => {
        if (channelWrite(rules, standing, part, message) !== 'ok') return;
        expect(['location', 'signal', 'schedule', 'state', 'meeting']).not.toContain(message.type);
        if (message.type === 'alert') {
          expect(standing.kind === 'member' && isAtLeast(standing.role, 'moderator')).toBe(true);
        }
      }),
    );
  });
});

describe('event broadcasts', () => {
  test('are read by members and written by owner and moderators', () => {
    expect(eventRead(as('attendee'))).toBe('ok');
    expect(eventRead(STRANGER)).toBe('not_member');
    expect(eventWrite(as('speaker'), text)).toBe('forbidden');
    expect(eventWrite(as('moderator'), { type: 'alert', subtype: 'alert' })).toBe('ok');
    expect(eventWrite(BANNED, text)).toBe('banned');
    expect(eventWrite(as('attendee'), { type: 'chat', subtype: 'read' })).toBe('ok');
  });

  // proves AC-12
  test('change the programme by owners and moderators; turns and counts are said by nobody but the system', () => {
    const change = { type: 'schedule', subtype: 'session_change' };
    for (const role of ROLES) {
      expect(eventWrite(as(role), change)).toBe(isAtLeast(role, 'moderator') ? 'ok' : 'forbidden');
      for (const subtype of ['session_start', 'session_end', 'attendance']) {
        expect(eventWrite(as(role), { type: 'schedule', subtype })).toBe('forbidden');
      }
    }
  });
});

describe('direct conversations', () => {
  const friends = { blocked: false, shareEvent: true };
  const message = { type: 'chat', subtype: 'direct_message' };

  // proves AC-10
  test('belong to their two people', () => {
    expect(directRead('a', ['a', 'b'])).toBe('ok');
    expect(directRead('c', ['a', 'b'])).toBe('not_member');
  });

  // proves AC-11
  test('need a shared event and no block either way', () => {
    expect(directWrite('a', 'b', message, friends)).toBe('ok');
    expect(directWrite('a', 'b', message, { ...friends, blocked: true })).toBe('blocked');
    expect(directWrite('a', 'b', message, { ...friends, shareEvent: false })).toBe('forbidden');
    expect(directWrite('a', 'a', message, { blocked: false, shareEvent: false })).toBe('ok');
  });

  test('location goes to oneself alone; schedule and alert to no single person', () => {
    const location = { type: 'location', subtype: 'position_update' };
    expect(directWrite('a', 'b', location, friends)).toBe('forbidden');
    expect(directWrite('a', 'a', location, friends)).toBe('ok');
    expect(directWrite('a', 'b', { type: 'alert', subtype: 'alert' }, friends)).toBe('forbidden');
  });

  // proves SY-7
  test("one's own state goes to oneself alone", () => {
    const state = { type: 'state', subtype: 'operation' };
    expect(directWrite('a', 'a', state, friends)).toBe('ok');
    expect(directWrite('a', 'b', state, friends)).toBe('forbidden');
    expect(eventWrite(as('owner'), state)).toBe('forbidden');
  });

  // proves SY-8
  test('a meeting is asked for where messages may go, and called off whatever came between', () => {
    const meeting = (subtype: string) => ({ type: 'meeting', subtype });
    const apart = { blocked: true, shareEvent: false };
    expect(directWrite('a', 'b', meeting('request'), friends)).toBe('ok');
    expect(directWrite('a', 'b', meeting('request'), apart)).toBe('blocked');
    expect(directWrite('a', 'b', meeting('propose_time'), apart)).toBe('blocked');
    expect(directWrite('a', 'b', meeting('cancel'), apart)).toBe('ok');
    expect(directWrite('a', 'b', meeting('decline'), apart)).toBe('ok');
    expect(directWrite('a', 'a', meeting('request'), friends)).toBe('forbidden');
    expect(directWrite('a', 'b', meeting('reminder'), friends)).toBe('forbidden');
  });
});

test("an inbox is its owner's alone", () => {
  expect(inboxRead('a', 'a')).toBe('ok');
  expect(inboxRead('a', 'b')).toBe('forbidden');
});

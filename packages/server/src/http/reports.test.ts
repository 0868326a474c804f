import { describe, expect, test } from 'bun:test';
import { createTestApi, type TestApi } from './test-api.ts';

const hui = { params: { event: 'hui' } };

async function reported(
  api: TestApi,
  options: { readonly log?: string; readonly by?: string; readonly of?: string } = {},
) {
  const { log = 'ch:general', by = 'aroha', of = 'ben' } = options;
  const entry = await api.say(log, of, 'something rude');
  return { entry, report: await api.call('report', by, { body: { log, message_id: entry.id, reason: 'rude' } }) };
}

describe('reports', () => {
  // proves AC-15
  test('quote the message and get a case number; the reporter sees what became of it', async () => {
    const api = await createTestApi();
    const { report } = await reported(api);
    expect(report).toMatchObject({
      case: 'K-0000001',
      event_id: 'hui',
      reporter: 'aroha',
      reported: 'ben',
      status: 'open',
      quote: 'something rude',
    });
    await api.call('resolveReport', 'mira', {
      params: { case: report.case },
      body: { status: 'dismissed', action: 'none' },
    });
    expect((await api.call('reports', 'aroha', hui)).items).toMatchObject([{ case: report.case, status: 'dismissed' }]);
  });

  test('are seen by moderators and, of their own, by reporters', async () => {
    const api = await createTestApi();
    await reported(api);
    await reported(api, { by: 'sefa' });
    const cases = async (user: string) => (await api.call('reports', user, hui)).items.map((each) => each.case);
    expect(await cases('mira')).toEqual(['K-0000001', 'K-0000002']);
    expect(await cases('sefa')).toEqual(['K-0000002']);
    expect(await cases('ben')).toEqual([]);
    const first = await api.call('reports', 'mira', { ...hui, query: { limit: '1' } });
    const second = await api.call('reports', 'mira', { ...hui, query: { limit: '1', after: first.next ?? '' } });
    expect(second.items.map((each) => each.case)).toEqual(['K-0000002']);
  });

  test('of one message by one person are one case, also when they race', async () => {
    const api = await createTestApi();
    const { id } = await api.say('ch:general', 'ben', 'rude');
    const body = { log: 'ch:general', message_id: id, reason: 'rude' };
    const all = await Promise.all(Array.from({ length: 10 }, () => api.call('report', 'aroha', { body })));
    expect(new Set(all.map((each) => each.case)).size).toBe(1);
  });

  test('need a message that one may read and did not write', async () => {
    const api = await createTestApi();
    const { id } = await api.say('ch:crew', 'aroha', 'secret');
    const body = { log: 'ch:crew', message_id: id, reason: 'rude' };
    expect(await api.refusal('report', 'ben', { body })).toBe('not_member');
    expect(await api.refusal('report', 'aroha', { body })).toBe('invalid');
    expect(await api.refusal('report', 'ben', { body: { ...body, log: 'ch:general' } })).toBe('not_found');
  });

  test('of a direct message go to the moderators of the event both belong to', async () => {
    const api = await createTestApi();
    const { report } = await reported(api, { log: 'dm:aroha:ben' });
    expect(report.event_id).toBe('hui');
    expect((await api.call('reports', 'mira', hui)).items.length).toBe(1);
  });
});

describe('deciding a case', () => {
  test('by removing erases the message from the log and tells every node', async () => {
    const api = await createTestApi();
    const { report, entry } = await reported(api);
    await api.call('resolveReport', 'mira', {
      params: { case: report.case },
      body: { status: 'actioned', action: 'remove_message' },
    });
    const { items } = await api.call('history', 'aroha', { params: { log: 'ch:general' } });
    expect(items).toMatchObject([
      { offset: entry.offset, gone: 'erased' },
      { envelope: { subtype: 'delete', from: { user_id: 'mira' }, payload: { target: entry.id } } },
    ]);
    expect(items[0]?.envelope).toBeUndefined();
    expect(api.bus.published.at(-1)).toMatchObject({
      kind: 'entry',
      log: 'ch:general',
      entry: { offset: entry.offset + 1 },
    });
    expect((await api.call('reports', 'aroha', hui)).items[0]?.quote).toBe('something rude');
  });

  test('by banning shuts the person out', async () => {
    const api = await createTestApi();
    const { report } = await reported(api);
    await api.call('resolveReport', 'mira', {
      params: { case: report.case },
      body: { status: 'actioned', action: 'ban' },
    });
    expect(await api.refusal('history', 'ben', { params: { log: 'ch:general' } })).toBe('banned');
  });

  test('is for moderators, once, and not for the one it is about', async () => {
    const api = await createTestApi();
    const { report } = await reported(api, { of: 'mira' });
    const verdict = { params: { case: report.case }, body: { status: 'dismissed', action: 'none' } } as const;
    expect(await api.refusal('resolveReport', 'aroha', verdict)).toBe('forbidden');
    expect(await api.refusal('resolveReport', 'mira', verdict)).toBe('forbidden');
    const contradictory = { ...verdict, body: { status: 'dismissed', action: 'ban' } } as const;
    expect(await api.refusal('resolveReport', 'owen', contradictory)).toBe('invalid');
    expect(await api.refusal('resolveReport', 'owen', verdict)).toBe('ok');
    expect(await api.refusal('resolveReport', 'owen', verdict)).toBe('conflict');
    expect(await api.refusal('resolveReport', 'owen', { ...verdict, params: { case: 'K-9' } })).toBe('not_found');
  });
});

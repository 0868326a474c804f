import { describe, expect, test } from 'bun:test';
import type { Outgoing } from '@konferenco/client/attachments';
import { en } from '../../i18n/en.ts';
import { createLocale } from '../../i18n/locale.ts';
import { outgoingWords, percentOf } from './file-words.ts';
import { kindOf, loadsByItself } from './loading.ts';
import { fittingSize, renamed } from './prepare-picture.ts';

const locale = createLocale('en', en, 'Pacific/Auckland');

function outgoing(state: Outgoing['state'], ...sent: number[]): Outgoing {
  const files = sent.map((bytes, index) => ({ name: `${index}.bin`, type: 'a/b', size: 1_000, sent: bytes }));
  return { id: '1', log: 'ch:hall', text: '', files, state };
}

describe('a picture is fetched by itself', () => {
  // proves AP-24
  test('where that costs nothing, and nothing above 1 MB on a link that is slow or costs', () => {
    const careful = [{ effectiveType: '3g' }, { effectiveType: '2g' }, { type: 'cellular' }];
    for (const connection of careful) {
      const loads = (size: number) => ({ connection, loads: loadsByItself({ size }, connection, false) });
      expect(loads(1_048_576)).toEqual({ connection, loads: true });
      expect(loads(1_048_577)).toEqual({ connection, loads: false });
    }
    expect(loadsByItself({ size: 5_000_000 }, undefined, false)).toBe(true);
    expect(loadsByItself({ size: 5_000_000 }, { saveData: false, effectiveType: '4g', type: 'wifi' }, false)).toBe(
      true,
    );
    expect(loadsByItself({ size: 50_000_000 }, undefined, false)).toBe(false);
  });

  // proves AP-26
  test('with a preview only where it is small and costs nothing, and never where data is to be saved', () => {
    const small = { size: 1_000_000, preview: true } as const;
    expect(loadsByItself(small, { effectiveType: '4g' }, false)).toBe(true);
    expect(loadsByItself({ ...small, size: 2_000_000 }, { effectiveType: '4g' }, false)).toBe(false);
    expect(loadsByItself(small, { effectiveType: '3g' }, false)).toBe(false);
    for (const one of [small, { size: 1_000 }]) {
      expect(loadsByItself(one, { saveData: true }, false)).toBe(false);
      expect(loadsByItself(one, undefined, true)).toBe(false);
    }
  });
});

describe('a file is shown', () => {
  test('as a picture or played only where a browser runs nothing of it', () => {
    const kinds = ['image/png', 'image/svg+xml', 'video/mp4', 'audio/ogg', 'text/html', 'application/pdf'];
    expect(kinds.map((type) => kindOf({ type }))).toEqual(['image', 'file', 'video', 'audio', 'file', 'file']);
  });
});

describe('a picture is made smaller', () => {
  test('in its proportion, never larger, and never to nothing', () => {
    expect(fittingSize(5_120, 2_560)).toEqual({ width: 2_560, height: 1_280 });
    expect(fittingSize(640, 480)).toEqual({ width: 640, height: 480 });
    expect(fittingSize(30_000, 3)).toEqual({ width: 2_560, height: 1 });
  });

  test('under a name that says what it is', () => {
    expect(renamed('hill.jpeg', 'image/jpeg')).toBe('hill.jpeg');
    expect(renamed('hill.webp', 'image/png')).toBe('hill.png');
    expect(renamed('hill', 'image/jpeg')).toBe('hill.jpg');
  });
});

describe('where files are is said in words', () => {
  test('with how much of all of them is on the server', () => {
    expect(outgoingWords(outgoing({ kind: 'uploading' }, 1_000, 500), locale)).toBe('Uploading, 75 % of 2 kB');
    expect(percentOf(outgoing({ kind: 'uploading' }, 999))).toBe(99);
    expect(outgoingWords(outgoing({ kind: 'paused' }, 0), locale)).toBe('Paused at 0 % of 1 kB');
  });

  test('with why they wait, or what went wrong and with which of them', () => {
    const error = { code: 1013, error: 'upload_type_refused', message: '' };
    const words = (state: Outgoing['state'], ...sent: number[]) => outgoingWords(outgoing(state, ...sent), locale);
    expect(words({ kind: 'waiting', why: 'link' }, 0)).toBe('Waiting for a connection');
    expect(words({ kind: 'failed', error, file: '1.bin' }, 0, 0)).toStartWith(
      'Not sent, because of 1.bin. Files of this',
    );
    expect(words({ kind: 'failed', error, file: '0.bin' }, 0)).toStartWith('Not sent. Files of this kind');
    const overloaded = { code: 3001, error: 'overloaded', message: '' };
    expect(words({ kind: 'waiting', why: 'error', error: overloaded, retry_at: 0 }, 0)).toMatch(
      /^Waiting: .+ Next try 12:00\.$/,
    );
  });
});

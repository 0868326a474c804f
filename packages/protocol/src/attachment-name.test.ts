import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { attachmentName } from './attachment-name.ts';
import { LIMITS } from './limits.ts';

// proves AT-3
test.each([
  ['holiday.jpg', 'holiday.jpg'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Users\\mere\\notes.txt', 'notes.txt'],
  ['a\u0000b\r\nc.txt', 'abc.txt'],
  ['photo\u202Egpj.exe', 'photogpj.exe'],
  ['say "hi".md', "say 'hi'.md"],
  ['whakaahua ā.png', 'whakaahua ā.png'],
  ['Tāmaki.png', 'Tāmaki.png'],
  ['👩🏽‍🤝‍👩🏿.png', '👩🏽‍🤝‍👩🏿.png'],
  ['..', 'file'],
  ['/', 'file'],
  ['.bashrc', 'bashrc'],
  ['name. ', 'name'],
])('the name %j is kept as %j', (raw, name) => {
  expect(attachmentName(raw)).toBe(name);
});

test('a long name is cut within its stem, at a whole character', () => {
  const name = attachmentName(`${'ā'.repeat(300)}.jpeg`);
  expect(name).toBe(`${'ā'.repeat(57)}.jpeg`);
  expect(Buffer.byteLength(attachmentName('漢'.repeat(100)))).toBe(120);
});

test('whatever the name, what is kept is short, needs no escape and stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (raw) => {
      const name = attachmentName(raw);
      expect(Buffer.byteLength(name)).toBeWithin(1, LIMITS.attachment_name_bytes + 1);
      expect(JSON.stringify(name)).toBe(`"${name}"`);
      expect(name).not.toMatch(/[/\\]/);
      expect(attachmentName(name)).toBe(name);
    }),
    { numRuns: 500 },
  );
});

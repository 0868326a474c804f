import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AVATAR_COLOURS } from '../ui/avatar.tsx';

const css = readFileSync(join(import.meta.dir, 'tokens.css'), 'utf8');
const blocks = [...css.matchAll(/(:root[^{]*)\{([^}]*)\}/g)].map((m) => ({
  selector: (m[1] ?? '').trim(),
  body: m[2] ?? '',
}));
const tokensOf = (body: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map((m) => [m[1] ?? '', m[2] ?? '']));
const light = tokensOf(blocks.find((b) => b.selector === ':root' && b.body.includes('--bg'))?.body ?? '');
const system = tokensOf(blocks.find((b) => b.selector.includes(':not('))?.body ?? '');
const chosen = tokensOf(blocks.find((b) => /^:root\[data-theme=.dark.\]$/.test(b.selector))?.body ?? '');

/** WCAG 2 relative luminance. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [dark = 0, bright = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
}

/** Text colours and the surfaces they stand on. */
const TEXT: readonly (readonly [string, readonly string[]])[] = [
  ['text', ['bg', 'surface', 'surface-hover', 'surface-selected', 'field', 'needs-you-soft', 'accent-soft']],
  ['text-muted', ['bg', 'surface', 'surface-hover', 'surface-selected', 'field', 'needs-you-soft']],
  ['accent', ['bg', 'surface', 'surface-hover', 'accent-soft', 'field', 'needs-you-soft']],
  ['needs-you', ['needs-you-soft', 'surface', 'surface-hover']],
  ['harm', ['surface', 'surface-hover', 'harm-soft']],
  ['on-accent', ['accent', 'accent-strong']],
  ['on-harm', ['harm']],
];

describe.each([
  ['light', light],
  ['dark', system],
])('the %s theme', (_name, tokens) => {
  test('text has a contrast of at least 4.5 on every surface it stands on', () => {
    for (const [text, surfaces] of TEXT) {
      for (const surface of surfaces) {
        const ratio = contrast(tokens[text] ?? '#000000', tokens[surface] ?? '#000000');
        expect({ text, surface, ok: ratio >= 4.5, ratio }).toMatchObject({ ok: true });
      }
    }
  });

  test('the outline of controls has a contrast of at least 3', () => {
    for (const surface of ['surface', 'field']) {
      expect(contrast(tokens['control-line'] ?? '#000000', tokens[surface] ?? '#000000')).toBeGreaterThanOrEqual(3);
    }
  });
});

test('dark by choice and dark by the system are the same', () => {
  expect(Object.keys(chosen).length).toBeGreaterThan(15);
  expect(chosen).toEqual(system);
});

test('white initials can be read on every avatar', () => {
  for (const colour of AVATAR_COLOURS) expect(contrast(colour, '#ffffff')).toBeGreaterThanOrEqual(4.5);
});

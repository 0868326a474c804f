/** Types that browsers show or play without running anything of the file's. Only these are ever served inline. */
const INLINE: ReadonlySet<string> = new Set([
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'],
  ...['audio/mpeg', 'audio/mp4', 'audio/aac', 'audio/ogg', 'audio/webm', 'audio/wav', 'audio/flac'],
  ...['video/mp4', 'video/webm', 'video/ogg'],
]);

/** What any program may take a file for that is none of {@link INLINE}. */
const OPAQUE = 'application/octet-stream';

/** True when `type` is among `allowed`: itself, or its family (`image/*`). None allowed stands for all. */
export function isAllowedType(type: string, allowed: readonly string[]): boolean {
  return allowed.length === 0 || allowed.includes(type) || allowed.includes(`${type.split('/')[0]}/*`);
}

/** How a file is served: as what, and whether a browser may show it or has to save it. */
export function servedAs({ name, type }: { readonly name: string; readonly type: string }): {
  readonly type: string;
  readonly disposition: string;
} {
  const inline = INLINE.has(type);
  return { type: inline ? type : OPAQUE, disposition: dispositionOf(inline ? 'inline' : 'attachment', name) };
}

/** `Content-Disposition` (RFC 6266): the name in ASCII for old programs, and as it is (RFC 8187). */
function dispositionOf(kind: 'inline' | 'attachment', name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/gu, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

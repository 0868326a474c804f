/** Whether a value's JSON takes more than `max` UTF-8 bytes. */
export function isLargerThan(value: unknown, max: number): boolean {
  const text = JSON.stringify(value);
  if (text.length > max) return true;
  if (text.length * 3 <= max) return false;
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate pair takes four bytes: two for each half.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
    if (bytes > max) return true;
  }
  return false;
}

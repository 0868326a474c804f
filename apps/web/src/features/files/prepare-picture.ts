/** Longest side of a picture that is sent, in pixels: sharp on any screen, and a tenth of what a camera makes. */
const LONGEST = 2_560;
const QUALITY = 0.85;

/** The size a picture is sent with: its own, or as large as it may be in the same proportion. */
export function fittingSize(width: number, height: number): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * A copy of the picture as it is seen: turned the right way up, not too large, and without what the camera wrote into it,
 * such as the place where it was taken. `null`: this browser cannot read it, so it can only be sent as it is.
 */
export async function preparePicture(file: File): Promise<File | null> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const { width, height } = fittingSize(bitmap.width, bitmap.height);
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, file.type, QUALITY));
    // A browser that cannot write the type writes another.
    return blob ? new File([blob], renamed(file.name, blob.type), { type: blob.type }) : null;
  } catch {
    return null;
  }
}

const ENDINGS: Readonly<Record<string, string>> = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' };

/** The name with the ending of the type it has now. */
export function renamed(name: string, type: string): string {
  const ending = ENDINGS[type];
  if (ending === undefined || new RegExp(`\\.${ending === 'jpg' ? 'jpe?g' : ending}$`, 'i').test(name)) return name;
  return `${name.replace(/\.[^.]{1,5}$/, '')}.${ending}`;
}

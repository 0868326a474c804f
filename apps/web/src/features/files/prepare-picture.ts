import type { PictureLook } from '../../state/files.ts';
import { withoutCameraData } from './camera-data.ts';

/** Longest side of a picture that is sent, in pixels: sharp on any screen, and a tenth of what a camera makes. */
const LONGEST = 2_560;
const QUALITY = 0.85;

/** Longest side of a preview, and its bytes at the most. */
const PREVIEW_LONGEST = 320;
const PREVIEW_BYTES = 12_288;
/** Tried one after the other until a preview is small enough. */
const PREVIEW_TRIES = [
  { side: PREVIEW_LONGEST, quality: 0.75 },
  { side: PREVIEW_LONGEST, quality: 0.45 },
  { side: 200, quality: 0.45 },
  { side: 120, quality: 0.3 },
] as const;

/** A picture as it is sent, and how it looks before it is there. */
export interface PreparedPicture extends PictureLook {
  readonly file: File;
}

/** The size a picture is drawn with: its own, or as large as `longest` allows in the same proportion. */
export function fittingSize(
  width: number,
  height: number,
  longest = LONGEST,
): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, longest / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * A copy of the picture as it is seen: turned the right way up, not too large, and without what the camera wrote into it,
 * such as the place where it was taken; `asIs`, the picture itself. `null`: this browser cannot read it, so it can only be
 * sent as it is.
 */
export async function preparePicture(file: File, asIs = false): Promise<PreparedPicture | null> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    try {
      const copy = asIs ? file : await smaller(bitmap, file);
      return copy && { file: copy, ...(await lookAt(bitmap, copy.size)) };
    } finally {
      bitmap.close();
    }
  } catch {
    const bare =
      asIs || file.type !== 'image/jpeg' ? null : withoutCameraData(new Uint8Array(await file.arrayBuffer()));
    return bare && { file: new File([bare], file.name, { type: file.type }) };
  }
}

/** How any file looks that this browser can draw; nothing for others. */
export async function lookOf(file: File): Promise<PictureLook> {
  if (!/^image\/(gif|avif|webp|png|jpeg)$/.test(file.type)) return {};
  try {
    const bitmap = await createImageBitmap(file);
    try {
      return await lookAt(bitmap, file.size);
    } finally {
      bitmap.close();
    }
  } catch {
    return {};
  }
}

async function smaller(bitmap: ImageBitmap, { name, type }: File): Promise<File | null> {
  const blob = await encoded(drawn(bitmap, fittingSize(bitmap.width, bitmap.height)), type, QUALITY);
  // A browser that cannot write the type writes another.
  return blob && new File([blob], renamed(name, blob.type), { type: blob.type });
}

/** A preview where that saves something, and the colour. */
async function lookAt(bitmap: ImageBitmap, bytes: number): Promise<PictureLook> {
  const tint = tintOf(bitmap);
  if (bytes <= PREVIEW_BYTES * 2) return { tint };
  for (const { side, quality } of PREVIEW_TRIES) {
    const size = fittingSize(bitmap.width, bitmap.height, side);
    let preview = await encoded(drawn(bitmap, size), 'image/webp', quality);
    if (preview?.type !== 'image/webp') preview = await encoded(drawn(bitmap, size, '#fff'), 'image/jpeg', quality);
    if (preview && preview.size <= PREVIEW_BYTES) return { tint, preview };
  }
  return { tint };
}

/** @param ground what shows through it; without it nothing does, which JPEG cannot say */
function drawn(
  bitmap: ImageBitmap,
  { width, height }: { readonly width: number; readonly height: number },
  ground?: string,
): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d');
  if (context && ground !== undefined) {
    context.fillStyle = ground;
    context.fillRect(0, 0, width, height);
  }
  context?.drawImage(bitmap, 0, 0, width, height);
  return canvas;
}

function encoded(canvas: HTMLCanvasElement, type: string, quality: number): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, type, quality));
}

function tintOf(bitmap: ImageBitmap): string {
  const [red = 0, green = 0, blue = 0] =
    drawn(bitmap, { width: 1, height: 1 }, '#888').getContext('2d')?.getImageData(0, 0, 1, 1).data ?? [];
  return [red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('');
}

const ENDINGS: Readonly<Record<string, string>> = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' };

/** The name with the ending of the type it has now. */
export function renamed(name: string, type: string): string {
  const ending = ENDINGS[type];
  if (ending === undefined || new RegExp(`\\.${ending === 'jpg' ? 'jpe?g' : ending}$`, 'i').test(name)) return name;
  return `${name.replace(/\.[^.]{1,5}$/, '')}.${ending}`;
}

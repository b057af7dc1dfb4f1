// A photo's pixels, the same in every browser, and the canvases that they are read from and drawn on.
import { orientation } from './exif.js';
import { bare, read } from './metadata.js';
import { whole } from './whole.js';
import { Told } from './words.js';

/** A file's pixels, upright, in the colours of the profile that `metadata` has; drawn on a canvas too. */
export async function decoded(blob, canvas) {
  if (disguised()) throw new Told('disguised');
  let metadata, bitmap;
  try {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    if (!whole(bytes)) throw new Told('damaged', blob.name);
    metadata = await read(bytes);
    bitmap = await createImageBitmap(new Blob([await bare(bytes, metadata)], { type: blob.type }));
  } catch (error) {
    throw error instanceof Told ? error : new Told('notAnImage', blob.name);
  }
  const { width, height } = bitmap;
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  let pixels = context.getImageData(0, 0, width, height);
  const white = clear(pixels.data);
  if (white) {
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0);
    pixels = context.getImageData(0, 0, width, height);
  }
  bitmap.close();
  const turn = metadata.exif ? orientation(metadata.exif) : 1;
  if (turn !== 1) {
    const upright = turned(pixels, turn);
    pixels = new ImageData(upright.data, upright.width, upright.height);
    Object.assign(canvas, { width: pixels.width, height: pixels.height });
    context.putImageData(pixels, 0, 0);
  }
  return { name: (blob.name || 'photo').replace(/\.[^.]*$/, ''), pixels, metadata, white };
}

function clear(rgba) {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return true;
  return false;
}

/** RGBA pixels as they are looked at, out of those of a file of an EXIF orientation from 2 to 8. */
export function turned({ data, width: w, height: h }, orientation) {
  // Where the first pixel is, and how far from it the one to its right and the one below it.
  const [first, right, down] = {
    2: [w - 1, -1, w], 3: [w * h - 1, -1, -w], 4: [w * (h - 1), 1, -w],
    5: [0, w, 1], 6: [w * (h - 1), -w, 1], 7: [w * h - 1, -w, -1], 8: [w - 1, w, -1],
  }[orientation];
  const [width, height] = orientation < 5 ? [w, h] : [h, w];
  const given = new Uint32Array(data.buffer);
  const made = new Uint32Array(w * h);
  for (let y = 0, p = 0; y < height; y++) for (let x = 0; x < width; x++) made[p++] = given[first + y * down + x * right];
  return { data: new Uint8ClampedArray(made.buffer), width, height };
}

/** A canvas's context, once it is sure that the browser draws that much. */
export function drawable(canvas, width, height) {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  context?.fillRect(width - 1, height - 1, 1, 1); // beyond a browser's limit nothing is drawn, and no error is thrown
  let drawn = false;
  try {
    drawn = context?.getImageData(width - 1, height - 1, 1, 1).data[3] === 255;
  } catch {}
  if (!drawn) throw new Told('tooLarge', width, height);
  return context;
}

/** Whether a canvas is read as noise, by which Firefox's resistFingerprinting and Tor Browser hide who is there. */
function disguised() {
  const context = document.createElement('canvas').getContext('2d');
  const drawn = new ImageData(Uint8ClampedArray.from({ length: 64 * 64 * 4 }, (_, i) => (i % 4 < 3 ? (i * i) >> 4 : 255)), 64);
  context.putImageData(drawn, 0, 0);
  return context.getImageData(0, 0, 64, 64).data.some((value, i) => value !== drawn.data[i]);
}

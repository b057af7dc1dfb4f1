// Whether a picture's file is all there. Firefox and WebKit decode what there is of one that was cut off, and say nothing.
import { crc } from './metadata.js';

const text = (bytes, start, length) => String.fromCharCode(...bytes.subarray(start, start + length));

/** False if a JPEG, PNG, WebP, GIF, BMP, AVIF or HEIC file ends before its picture does, or a PNG's sums are wrong. */
export function whole(bytes) {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpeg(bytes, data);
    if (text(bytes, 1, 3) === 'PNG') return png(bytes, data);
    if (text(bytes, 0, 4) === 'RIFF') return 8 + data.getUint32(4, true) <= bytes.length;
    if (text(bytes, 0, 4) === 'GIF8') return gif(bytes, data);
    if (text(bytes, 0, 2) === 'BM') return bmp(bytes, data);
    if (text(bytes, 4, 4) === 'ftyp') return boxes(bytes, data);
  } catch (error) {
    if (error instanceof RangeError) return false; // it ends amid a number
    throw error;
  }
  return true;
}

/** ITU-T T.81, annex B: markers up to the end of the image; in coded data 0xff is followed by 0 or a restart. */
function jpeg(bytes, data) {
  for (let at = 2; (at = bytes.indexOf(0xff, at)) >= 0; ) {
    const marker = data.getUint8(at + 1);
    if (marker === 0xd9) return true;
    if (marker === 0xff) at += 1;
    else if (marker <= 1 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else at += 2 + data.getUint16(at + 2);
  }
  return false;
}

/** WebKit shows what comes before the place where a PNG is damaged; what may be passed over begins with a small letter. */
function png(bytes, data) {
  for (let at = 8, end; ; at = end + 4) {
    end = at + 8 + data.getUint32(at);
    const kind = text(bytes, at + 4, 4);
    if (kind < 'a' && data.getUint32(end) !== crc(bytes.subarray(at + 4, end))) return false;
    if (kind === 'IEND') return true;
  }
}

/** GIF89a: blocks up to the end of the first picture. */
function gif(bytes, data) {
  const table = (flags) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  const blocks = (at) => {
    for (let size; (size = data.getUint8(at)); ) at += 1 + size;
    return at + 1;
  };
  for (let at = 13 + table(data.getUint8(10)); ; ) {
    const kind = data.getUint8(at);
    if (kind === 0x21) at = blocks(at + 2);
    else return kind === 0x2c && blocks(at + 11 + table(data.getUint8(at + 9))) <= bytes.length;
  }
}

/** Of those that are not compressed. */
function bmp(bytes, data) {
  const compression = data.getUint32(14, true) >= 40 ? data.getUint32(30, true) : 1;
  if (compression !== 0 && compression !== 3) return true;
  const row = Math.ceil((data.getUint32(18, true) * data.getUint16(28, true)) / 32) * 4;
  return data.getUint32(10, true) + row * Math.abs(data.getInt32(22, true)) <= bytes.length;
}

/** ISO/IEC 14496-12: up to the end of the box with the pixels; without one the browser sees that there are none. */
function boxes(bytes, data) {
  for (let at = 0; at < bytes.length; ) {
    const size = data.getUint32(at);
    if (size === 0) return true; // up to the file's end
    const end = at + (size === 1 ? Number(data.getBigUint64(at + 8)) : Math.max(size, 8));
    if (end > bytes.length || text(bytes, at + 4, 4) === 'mdat') return end <= bytes.length;
    at = end;
  }
  return true;
}

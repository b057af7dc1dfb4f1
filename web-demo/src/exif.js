// EXIF as one block, a TIFF structure (TIFF 6.0, section 2; tags by EXIF 2.32).
const WIDTH = 0x100;
const HEIGHT = 0x101;
const ORIENTATION = 0x112;
const EXIF = 0x8769;
const PIXELS_ACROSS = 0xa002;
const PIXELS_DOWN = 0xa003;
const SHORT = 3;
const LONG = 4;

/** Whether a block's numbers are little-endian; a RangeError says that it is none. */
function littleEndian(data) {
  const order = data.getUint16(0);
  const little = order === 0x4949;
  if ((!little && order !== 0x4d4d) || data.getUint16(2, little) !== 42) throw new RangeError('no TIFF structure');
  return little;
}

/** Visit a directory's entries; where the next one's address is. */
function entries(data, little, start, visit) {
  const end = start + 2 + 12 * data.getUint16(start, little);
  for (let entry = start + 2; entry < end; entry += 12) visit(data.getUint16(entry, little), entry);
  return end;
}

/** How the picture that a block belongs to lies, 1 to 8; 1 if the block does not say it or is damaged. */
export function orientation(block) {
  const data = new DataView(block.buffer, block.byteOffset, block.byteLength);
  let found = 1;
  try {
    const little = littleEndian(data);
    entries(data, little, data.getUint32(4, little), (tag, entry) => {
      if (tag === ORIENTATION) found = data.getUint16(entry + 8, little);
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return found >= 1 && found <= 8 ? found : 1;
}

/**
 * A block for an upright picture of other size: turned by nothing, without a thumbnail. All else keeps its place, so
 * that offsets in makers' notes stay true. Null if it is damaged.
 */
export function upright(block, width, height) {
  const made = block.slice();
  const data = new DataView(made.buffer);
  try {
    const little = littleEndian(data);
    const set = (entry, type, value) => {
      data.setUint16(entry + 2, type, little);
      data.setUint32(entry + 4, 1, little);
      data.setUint32(entry + 8, 0, little);
      if (type === SHORT) data.setUint16(entry + 8, value, little);
      else data.setUint32(entry + 8, value, little);
    };
    const sized = (across, down) => (tag, entry) => {
      if (tag === across) set(entry, LONG, width);
      if (tag === down) set(entry, LONG, height);
    };
    const next = entries(data, little, data.getUint32(4, little), (tag, entry) => {
      sized(WIDTH, HEIGHT)(tag, entry);
      if (tag === ORIENTATION) set(entry, SHORT, 1);
      if (tag === EXIF) entries(data, little, data.getUint32(entry + 8, little), sized(PIXELS_ACROSS, PIXELS_DOWN));
    });
    data.setUint32(next, 0, little); // what follows is the thumbnail
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return made;
}

// EXIF and the colour profile of a photo, carried over to the file that is saved.

const text = (bytes, start, length) => String.fromCharCode(...bytes.subarray(start, start + length));
const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const joined = async (parts) => new Uint8Array(await new Blob(parts).arrayBuffer());
const through = async (bytes, stream) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

/** `{exif, profile}` of a JPEG, PNG or WebP file's bytes; each a TIFF block, an ICC profile for RGB or null. */
export async function read(bytes) {
  try {
    let found = {};
    if (bytes[0] === 0xff && bytes[1] === 0xd8) found = await ofJpeg(bytes);
    else if (text(bytes, 1, 3) === 'PNG') found = await ofPng(bytes);
    else if (text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 4) === 'WEBP') found = ofWebp(bytes);
    const { exif = null, profile = null } = found;
    return { exif, profile: profile && text(profile, 16, 4) === 'RGB ' && text(profile, 36, 4) === 'acsp' ? profile : null };
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return { exif: null, profile: null }; // damaged
    throw error;
  }
}

/**
 * The file without the EXIF and the profile that `read` found: of those that are there some browsers turn the pixels and
 * convert them, others do not.
 */
export async function bare(bytes, { exif, profile }) {
  if (!exif && !profile) return bytes;
  if (bytes[0] === 0xff) return without(bytes, 2, segments(bytes), (segment) => (exif && isExif(bytes, segment)) || (profile && isProfile(bytes, segment)));
  if (bytes[0] === 0x89) return without(bytes, 8, chunks(bytes), ({ kind }) => (exif && kind === 'eXIf') || (profile && COLOURS.includes(kind)));
  const made = await without(bytes, 12, riff(bytes), ({ kind }) => (exif && kind === 'EXIF') || (profile && kind === 'ICCP'));
  view(made).setUint32(4, made.length - 8, true);
  if (text(made, 12, 4) === 'VP8X') made[20] &= ~((exif && 0x08) | (profile && 0x20));
  return made;
}

/** The file without some of its parts, which begin after its head. */
async function without(bytes, head, parts, unwanted) {
  const kept = [bytes.subarray(0, head)];
  let rest = head;
  for (const part of parts) {
    if (!unwanted(part)) kept.push(bytes.subarray(part.start, part.end));
    rest = part.end;
  }
  return joined([...kept, bytes.subarray(rest)]);
}

const isExif = (bytes, { marker, start }) => marker === 0xe1 && text(bytes, start + 4, 6) === 'Exif\0\0';
const isProfile = (bytes, { marker, start }) => marker === 0xe2 && text(bytes, start + 4, 12) === 'ICC_PROFILE\0';
// A profile stands for what the others of them say.
const COLOURS = ['iCCP', 'sRGB', 'gAMA', 'cHRM', 'cICP'];

function* segments(bytes) {
  const data = view(bytes);
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda; ) {
    const end = at + 2 + data.getUint16(at + 2);
    yield { marker: bytes[at + 1], start: at, end };
    at = end;
  }
}

async function ofJpeg(bytes) {
  let exif;
  const pieces = [];
  for (const segment of segments(bytes)) {
    const { start, end } = segment;
    if (isExif(bytes, segment)) exif ??= bytes.slice(start + 10, end);
    if (isProfile(bytes, segment)) pieces[bytes[start + 16]] = bytes.slice(start + 18, end);
  }
  return { exif, profile: pieces.length ? await joined(pieces.filter(Boolean)) : null };
}

function* chunks(bytes) {
  const data = view(bytes);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + data.getUint32(at);
    yield { kind: text(bytes, at + 4, 4), start: at, end, content: bytes.subarray(at + 8, end - 4) };
    at = end;
  }
}

async function ofPng(bytes) {
  let exif, profile, named;
  for (const { kind, content } of chunks(bytes)) {
    if (kind === 'eXIf') exif = content.slice();
    if (kind === 'cICP') named = true; // before a profile (PNG, third edition, section 4.3): the browser converts
    if (kind === 'iCCP') {
      const name = content.indexOf(0);
      profile = await through(content.slice(name + 2), new DecompressionStream('deflate'));
    }
  }
  return { exif, profile: named ? null : profile };
}

function* riff(bytes) {
  const data = view(bytes);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = data.getUint32(at + 4, true);
    const end = at + 8 + size + (size % 2);
    yield { kind: text(bytes, at, 4), start: at, end, content: bytes.subarray(at + 8, at + 8 + size) };
    at = end;
  }
}

function ofWebp(bytes) {
  const found = {};
  for (const { kind, content } of riff(bytes)) {
    if (kind === 'EXIF') found.exif = content.slice(text(content, 0, 6) === 'Exif\0\0' ? 6 : 0);
    if (kind === 'ICCP') found.profile = content.slice();
  }
  return found;
}

/** A canvas's JPEG with metadata. */
export async function intoJpeg(bytes, { exif, profile }) {
  const parts = [bytes.slice(0, 2)];
  const segment = (marker, ...content) => {
    const size = content.reduce((sum, part) => sum + part.length, 2);
    parts.push(Uint8Array.of(0xff, marker, size >> 8, size & 255), ...content);
  };
  const ascii = (s) => new TextEncoder().encode(s);
  if (exif && exif.length < 65_000) segment(0xe1, ascii('Exif\0\0'), exif);
  const most = 65_000;
  const count = profile ? Math.ceil(profile.length / most) : 0;
  for (let i = 0; i < count; i++) {
    segment(0xe2, ascii('ICC_PROFILE\0'), Uint8Array.of(i + 1, count), profile.slice(i * most, (i + 1) * most));
  }
  let rest = 2;
  for (const { marker, start, end } of segments(bytes)) {
    if (!(profile && marker === 0xe2) && !(exif && marker === 0xe1)) parts.push(bytes.slice(start, end)); // Safari writes some of its own
    rest = end;
  }
  parts.push(bytes.slice(rest));
  return joined(parts);
}

/** A canvas's PNG with metadata. */
export async function intoPng(bytes, { exif, profile }) {
  const parts = [bytes.slice(0, 8)];
  for (const { kind, start, end } of chunks(bytes)) {
    if ((profile && COLOURS.includes(kind)) || (exif && kind === 'eXIf')) continue;
    parts.push(bytes.slice(start, end));
    if (kind !== 'IHDR') continue;
    if (profile) {
      const packed = await through(profile, new CompressionStream('deflate'));
      parts.push(chunk('iCCP', await joined([new TextEncoder().encode('ICC\0\0'), packed])));
    }
    if (exif) parts.push(chunk('eXIf', exif));
  }
  return joined(parts);
}

function chunk(kind, content) {
  const bytes = new Uint8Array(content.length + 12), data = view(bytes);
  data.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(kind), 4);
  bytes.set(content, 8);
  data.setUint32(content.length + 8, crc(bytes.subarray(4, content.length + 8)));
  return bytes;
}

const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let k = 0; k < 8; k++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

/** A PNG chunk's sum, of its kind and content (PNG, annex D). */
export function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ REMAINDERS[(value ^ byte) & 255];
  return (value ^ 0xffffffff) >>> 0;
}

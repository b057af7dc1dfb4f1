// EXIF and the colour profile of a photo, carried over to the file that is saved.

const text = (bytes, start, length) => String.fromCharCode(...bytes.subarray(start, start + length));
const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const joined = async (parts) => new Uint8Array(await new Blob(parts).arrayBuffer());
const through = async (bytes, stream) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

/** `{exif, profile}` of a JPEG, PNG or WebP file's bytes; each a TIFF block, an ICC profile or null. */
export async function read(bytes) {
  try {
    let found = {};
    if (bytes[0] === 0xff && bytes[1] === 0xd8) found = await ofJpeg(bytes);
    else if (text(bytes, 1, 3) === 'PNG') found = await ofPng(bytes);
    else if (text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 4) === 'WEBP') found = ofWebp(bytes);
    return { exif: found.exif ?? null, profile: found.profile ?? null };
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return { exif: null, profile: null }; // damaged
    throw error;
  }
}

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
  for (const { marker, start, end } of segments(bytes)) {
    if (marker === 0xe1 && text(bytes, start + 4, 6) === 'Exif\0\0') exif ??= bytes.slice(start + 10, end);
    if (marker === 0xe2 && text(bytes, start + 4, 12) === 'ICC_PROFILE\0') {
      pieces[bytes[start + 16]] = bytes.slice(start + 18, end);
    }
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
  let exif, profile;
  for (const { kind, content } of chunks(bytes)) {
    if (kind === 'eXIf') exif = content.slice();
    if (kind === 'iCCP') {
      const name = content.indexOf(0);
      profile = await through(content.slice(name + 2), new DecompressionStream('deflate'));
    }
  }
  return { exif, profile };
}

function ofWebp(bytes) {
  const data = view(bytes);
  const found = {};
  for (let at = 12; at + 8 <= bytes.length; ) {
    const kind = text(bytes, at, 4), size = data.getUint32(at + 4, true);
    const content = bytes.slice(at + 8, at + 8 + size);
    if (kind === 'EXIF') found.exif = text(content, 0, 6) === 'Exif\0\0' ? content.slice(6) : content;
    if (kind === 'ICCP') found.profile = content;
    at += 8 + size + (size % 2);
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
    if (!(profile && marker === 0xe2)) parts.push(bytes.slice(start, end));
    rest = end;
  }
  parts.push(bytes.slice(rest));
  return joined(parts);
}

/** A canvas's PNG with metadata. */
export async function intoPng(bytes, { exif, profile }) {
  const parts = [bytes.slice(0, 8)];
  for (const { kind, start, end } of chunks(bytes)) {
    if (profile && ['iCCP', 'sRGB', 'gAMA', 'cHRM', 'cICP'].includes(kind)) continue;
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

function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let k = 0; k < 8; k++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

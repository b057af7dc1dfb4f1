// node --test: EXIF of an upright picture of other size, as android-demo's ExifTest.kt has it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { upright } from '../src/exif.js';

/** Orientation 6, a maker's note, EXIF with the size of a sideways photo, and a thumbnail. */
function block(little) {
  const data = new DataView(new ArrayBuffer(120));
  data.setUint16(0, little ? 0x4949 : 0x4d4d);
  data.setUint16(2, 42, little);
  data.setUint32(4, 8, little);
  const directory = (at, entries, next) => {
    data.setUint16(at, entries.length, little);
    entries.forEach(([tag, type, value], i) => {
      const entry = at + 2 + 12 * i;
      data.setUint16(entry, tag, little);
      data.setUint16(entry + 2, type, little);
      data.setUint32(entry + 4, 1, little);
      if (type === 3) data.setUint16(entry + 8, value, little);
      else data.setUint32(entry + 8, value, little);
    });
    data.setUint32(at + 2 + 12 * entries.length, next, little);
  };
  directory(8, [[0x100, 3, 300], [0x112, 3, 6], [0x8769, 4, 50]], 92);
  directory(50, [[0x927c, 4, 7], [0xa002, 3, 300], [0xa003, 4, 400]], 0);
  directory(92, [[0x201, 4, 118]], 0);
  return new Uint8Array(data.buffer);
}

for (const little of [true, false]) {
  test(`upright, of its size and without a thumbnail, ${little ? 'little' : 'big'}-endian`, () => {
    const given = block(little);
    const made = upright(given, 70_000, 3000);
    const data = new DataView(made.buffer);
    const entry = (at) => [data.getUint16(at, little), data.getUint16(at + 2, little), data.getUint32(at + 4, little)];
    assert.deepEqual([entry(10), data.getUint32(18, little)], [[0x100, 4, 1], 70_000]);
    assert.deepEqual([entry(22), data.getUint16(30, little)], [[0x112, 3, 1], 1]);
    assert.equal(data.getUint32(46, little), 0);
    assert.deepEqual([entry(52), data.getUint32(60, little)], [[0x927c, 4, 1], 7]);
    assert.deepEqual([entry(64), data.getUint32(72, little)], [[0xa002, 4, 1], 70_000]);
    assert.deepEqual([entry(76), data.getUint32(84, little)], [[0xa003, 4, 1], 3000]);
    assert.deepEqual(given, block(little));
  });
}

test('what is damaged is left out', () => {
  assert.equal(upright(new TextEncoder().encode('no TIFF structure'), 8, 8), null);
  assert.equal(upright(block(true).slice(0, 40), 8, 8), null);
  assert.equal(upright(new Uint8Array(), 8, 8), null);
});

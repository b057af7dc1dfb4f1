// node --test: the pool of workers, with workers that copy what they are given.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Engine } from '../src/engine.js';

const SIDE = 128;
const card = { name: 'copy', tile: SIDE, overlap: 14 };
const WIDTH = 500;
const HEIGHT = 300;
let failing = false;
let tint = 0;

class Copying {
  static count = 0;

  constructor() {
    this.late = 2 + 5 * Copying.count++;
  }

  postMessage({ number, open, tile, margin, width, height }) {
    setTimeout(() => {
      if (open) return this.onmessage({ data: { number, answer: { side: SIDE } } });
      if (failing) {
        failing = false;
        return this.onmessage({ data: { number, error: 'the device is lost' } });
      }
      const rgb = new Uint8Array(tile);
      const rgba = new Uint8ClampedArray(width * height * 4);
      for (let y = 0, p = 0; y < height; y++) {
        let q = ((margin + y) * SIDE + margin) * 3;
        for (let x = 0; x < width; x++, p++) for (let c = 0; c < 3; c++) rgba[p++] = rgb[q++] + (c === 0 ? tint : 0);
      }
      this.onmessage({ data: { number, answer: rgba.buffer } });
    }, this.late);
  }

  terminate() {}
}

Object.assign(globalThis, {
  Worker: Copying,
  location: { href: 'https://example.org/' },
  fetch: async () => ({ ok: true, arrayBuffer: async () => new ArrayBuffer(4) }),
  ImageData: class { constructor(data, width, height) { Object.assign(this, { data, width, height }); } },
});
Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: 4 }, configurable: true });

const photo = (red) => ({ data: Uint8ClampedArray.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => [red, (i >> 2) % 251, (i >> 10) % 249, 0][i % 4]), width: WIDTH, height: HEIGHT });

async function enlarged(engine, picture, changes = {}) {
  const found = new Uint8ClampedArray(picture.data.length);
  const put = (part, x, y) => {
    for (let row = 0; row < part.height; row++) found.set(part.data.subarray(row * part.width * 4, (row + 1) * part.width * 4), ((y + row) * WIDTH + x) * 4);
  };
  await engine.run(picture, { strength: 1, signal: new AbortController().signal, put, progress() {}, ...changes });
  return found;
}

test('what is underway for a photo that failed is not taken for the next one', async () => {
  const engine = await Engine.open([card], 'wasm');
  failing = true;
  await assert.rejects(enlarged(engine, photo(10)), /the device is lost/);
  const next = photo(200);
  assert.deepEqual(await enlarged(engine, next), next.data);
});

test('nor is that of one that was cancelled', async () => {
  const engine = await Engine.open([card], 'wasm');
  const controller = new AbortController();
  const progress = () => controller.abort();
  await assert.rejects(enlarged(engine, photo(10), { signal: controller.signal, progress }), { name: 'AbortError' });
  const next = photo(200);
  assert.deepEqual(await enlarged(engine, next), next.data);
});

test('a photo without colours stays grey', async () => {
  const engine = await Engine.open([card], 'wasm');
  const grey = { ...photo(0), data: Uint8ClampedArray.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => [1, 1, 1, 0][i % 4] * ((i >> 2) % 251)) };
  tint = 3; // of which luma is 0.9
  const made = await enlarged(engine, grey);
  for (let i = 0; i < made.length; i++) assert.equal(made[i], i % 4 < 3 ? grey.data[i] + 1 : 0);
  grey.data[WIDTH * HEIGHT * 4 - 2] += 1;
  const coloured = await enlarged(engine, grey);
  tint = 0;
  assert.deepEqual([...coloured.slice(0, 3)], [3, 0, 0]);
});

test('a part that cannot be drawn ends the run', { timeout: 5000 }, async () => {
  const engine = await Engine.open([card], 'wasm');
  const put = () => { throw new Error('no canvas'); };
  await assert.rejects(enlarged(engine, photo(10), { put }), /no canvas/);
});

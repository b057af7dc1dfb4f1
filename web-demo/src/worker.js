// Computes tiles: a LiteRT of its own, one thread, so that the page needs no special headers.
import { loadLiteRt, loadAndCompile, Tensor } from '@litertjs/core';
import { mix, rounded } from './strength.js';

let models = [];

async function open({ files, wasm, accelerator }) {
  const jspi = accelerator === 'webgpu' && 'Suspending' in WebAssembly;
  self.Module = { locateFile: (name) => wasm + name }; // else it is sought beside this file
  await loadLiteRt(wasm, { jspi });
  for (const file of files) {
    const options = { accelerator, gpuOptions: { precision: 'fp32' } };
    const model = await loadAndCompile(new Uint8Array(file), options);
    if (accelerator === 'webgpu' && !model.isFullyAccelerated) throw new Error(`${accelerator} does not take the whole model`);
    models.push(model);
  }
  return { side: models[0].getOutputDetails()[0].shape[1] };
}

async function values(model, bytes) {
  const { dtype, shape } = model.getInputDetails()[0];
  let tensor = new Tensor(dtype === 'float32' ? Float32Array.from(bytes) : bytes, [...shape]);
  if (model.options.accelerator === 'webgpu') tensor = await tensor.moveTo('webgpu');
  const [result] = await model.run(tensor);
  tensor.delete();
  const found = await result.data();
  result.delete();
  return found;
}

/** The inner part of a tile's result as RGBA; of two models the second's, mixed into the first's by its strength. */
async function run({ tile, margin, width, height, side, strength }) {
  const bytes = new Uint8Array(tile);
  const results = [];
  for (const model of models) results.push(rounded(await values(model, bytes)));
  const rgb = results.length > 1 ? mix(...results, strength) : results[0];
  const rgba = new Uint8ClampedArray(width * height * 4);
  let p = 0;
  for (let y = 0; y < height; y++) {
    let q = ((margin + y) * side + margin) * 3;
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) rgba[p++] = rgb[q++];
      rgba[p++] = 255;
    }
  }
  return rgba.buffer;
}

self.onmessage = async ({ data: { number, open: opening, ...tile } }) => {
  try {
    const answer = opening ? await open(opening) : await run(tile);
    postMessage({ number, answer }, opening ? [] : [answer]);
  } catch (error) {
    postMessage({ number, error: String(error?.message ?? error) });
  }
};

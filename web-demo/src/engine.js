// A pool of workers that enlarge a picture tile by tile.
import { colourless, desaturate } from './grey.js';
import { cut, plan } from './tiles.js';

/** A graphics card that is one: software that plays one is slower than the processor. */
export async function graphicsCard() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (!adapter) return null;
  const { isFallbackAdapter, architecture } = adapter.info ?? {};
  return { software: Boolean(isFallbackAdapter ?? adapter.isFallbackAdapter) || architecture === 'swiftshader' };
}

let asked = 0;

/** A worker's answer to a message, told by its number from one that a failed run has left underway. */
function ask(worker, message, transfer) {
  const number = ++asked;
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.number !== number) return;
      if ('error' in data) reject(new Error(data.error));
      else resolve(data.answer);
    };
    worker.onerror = (event) => reject(new Error(event.message || 'the worker does not run'));
    worker.postMessage({ number, ...message }, transfer);
  });
}

export class Engine {
  /** Load models, cards and bytes of one scale, tile and overlap; two are mixed. */
  static async open(cards, accelerator) {
    const files = await Promise.all(
      cards.map(async (card) => {
        const response = await fetch(`models/${card.name}.tflite`);
        if (!response.ok) throw new Error(`${card.name}: ${response.status}`);
        return response.arrayBuffer();
      }),
    );
    // Each worker holds some 30 MB; a graphics card computes one tile at a time.
    const count = accelerator === 'webgpu' ? 1 : Math.max(1, Math.min(navigator.hardwareConcurrency || 1, 8));
    const wasm = new URL('wasm/', location.href).href;
    // The page's policy holds for a worker from a blob; one from an address has that of its headers alone.
    const code = `importScripts(${JSON.stringify(new URL('worker.js', location.href).href)})`;
    const script = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    const engine = new Engine();
    engine.workers = Array.from({ length: count }, () => new Worker(script));
    try {
      const all = await Promise.all(engine.workers.map((worker) => ask(worker, { open: { files, wasm, accelerator } })));
      engine.side = all[0].side;
    } catch (error) {
      engine.close();
      throw error;
    } finally {
      URL.revokeObjectURL(script);
    }
    engine.card = cards[0];
    engine.scale = engine.side / engine.card.tile;
    engine.accelerator = accelerator;
    return engine;
  }

  /** Enlarge an ImageData; `put(rgba, x, y)` is given each part as it is done. */
  async run({ data, width, height }, { strength, signal, put, progress }) {
    const { scale, side } = this;
    const { tile, overlap } = this.card;
    const inner = tile - 2 * overlap;
    const jobs = plan(width, height, tile, overlap);
    const all = jobs.length;
    const grey = colourless(data);
    let done = 0;
    const compute = async (worker) => {
      for (let job; !signal.aborted && (job = jobs.shift()); ) {
        const { x, y } = job;
        const size = { width: Math.min(inner, width - x) * scale, height: Math.min(inner, height - y) * scale };
        const bytes = cut(data, width, height, x, y, tile, overlap).buffer;
        const rgba = await ask(worker, { tile: bytes, margin: overlap * scale, ...size, side, strength }, [bytes]);
        if (signal.aborted) return;
        const made = new Uint8ClampedArray(rgba);
        if (grey) desaturate(made);
        put(new ImageData(made, size.width, size.height), x * scale, y * scale);
        progress(++done, all);
      }
    };
    await Promise.all(this.workers.map(compute));
    signal.throwIfAborted();
  }

  close() {
    for (const worker of this.workers) worker.terminate();
  }
}

// A pool of workers that enlarge a picture tile by tile.
import { cut, plan } from './tiles.js';

/** A graphics card that is one: software that plays one is slower than the processor. */
export async function graphicsCard() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (!adapter) return null;
  const { isFallbackAdapter, architecture } = adapter.info ?? {};
  return { software: Boolean(isFallbackAdapter ?? adapter.isFallbackAdapter) || architecture === 'swiftshader' };
}

function opened(worker, message, transfer) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.opened ? resolve(data.opened) : reject(new Error(data.error)));
    worker.onerror = (event) => reject(new Error(event.message || 'the worker did not start'));
    worker.postMessage(message, transfer);
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
    const engine = new Engine();
    engine.workers = Array.from({ length: count }, () => new Worker('worker.js'));
    try {
      const all = await Promise.all(engine.workers.map((w) => opened(w, { open: { files, wasm, accelerator } })));
      engine.side = all[0].side;
    } catch (error) {
      engine.close();
      throw error;
    }
    engine.card = cards[0];
    engine.scale = engine.side / engine.card.tile;
    engine.accelerator = accelerator;
    return engine;
  }

  /** Enlarge an ImageData; `put(rgba, x, y)` is given each part as it is done. */
  async run({ data, width, height }, { strength, signal, put, progress }) {
    const { tile, overlap } = this.card;
    const inner = tile - 2 * overlap;
    const jobs = plan(width, height, tile, overlap);
    const all = jobs.length;
    let done = 0;
    const compute = (worker) =>
      new Promise((resolve, reject) => {
        let job;
        const next = () => {
          if (signal.aborted) return resolve();
          job = jobs.shift();
          if (!job) return resolve();
          job.width = Math.min(inner, width - job.x) * this.scale;
          job.height = Math.min(inner, height - job.y) * this.scale;
          const bytes = cut(data, width, height, job.x, job.y, tile, overlap).buffer;
          const { width: w, height: h } = job;
          const margin = overlap * this.scale;
          worker.postMessage({ tile: bytes, margin, width: w, height: h, side: this.side, strength }, [bytes]);
        };
        worker.onerror = (event) => reject(new Error(event.message || 'the worker stopped'));
        worker.onmessage = ({ data: answer }) => {
          if (answer.error) return reject(new Error(answer.error));
          if (signal.aborted) return resolve();
          const part = new ImageData(new Uint8ClampedArray(answer.rgba), job.width, job.height);
          put(part, job.x * this.scale, job.y * this.scale);
          progress(++done, all);
          next();
        };
        next();
      });
    await Promise.all(this.workers.map(compute));
    signal.throwIfAborted();
  }

  close() {
    for (const worker of this.workers) worker.terminate();
  }
}

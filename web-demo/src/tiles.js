// Tiles as srgan_edge/runtime/tiling.py cuts them: with an overlap, past the edges continued by reflection.

/** Where position p of a row of n samples is read: reflected at the edges, which are not repeated. */
export function reflected(p, n) {
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  p = ((p % period) + period) % period;
  return Math.min(p, period - p);
}

/** The first pixel of each tile's inner part. */
export function plan(width, height, tile, overlap) {
  const inner = tile - 2 * overlap;
  const found = [];
  for (let y = 0; y < height; y += inner) for (let x = 0; x < width; x += inner) found.push({ x, y });
  return found;
}

/** A tile's bytes, RGB, out of an RGBA image. */
export function cut(rgba, width, height, x0, y0, tile, overlap) {
  const bytes = new Uint8Array(tile * tile * 3);
  const columns = Int32Array.from({ length: tile }, (_, x) => reflected(x0 - overlap + x, width) * 4);
  let p = 0;
  for (let y = 0; y < tile; y++) {
    const row = reflected(y0 - overlap + y, height) * width * 4;
    for (let x = 0; x < tile; x++) {
      const q = row + columns[x];
      bytes[p++] = rgba[q];
      bytes[p++] = rgba[q + 1];
      bytes[p++] = rgba[q + 2];
    }
  }
  return bytes;
}

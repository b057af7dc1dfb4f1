// Photos without colours: networks tint greys, by up to 42 levels.

/** Whether all pixels of an RGBA image are grey. */
export function colourless(rgba) {
  for (let i = 0; i < rgba.length; i += 4) if (rgba[i] !== rgba[i + 1] || rgba[i] !== rgba[i + 2]) return false;
  return true;
}

/** Make RGBA pixels grey: their luma by BT.601, as Pillow rounds it. */
export function desaturate(rgba) {
  for (let i = 0; i < rgba.length; i += 4) {
    const luma = (rgba[i] * 19595 + rgba[i + 1] * 38470 + rgba[i + 2] * 7471 + 0x8000) >> 16;
    rgba.fill(luma, i, i + 3);
  }
}

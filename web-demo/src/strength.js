// The strength of texture as srgan_edge/runtime/strength.py mixes it: bytes, in single precision.

/** A network's values as bytes: such an array rounds half to even, as the Python runtime does, and clamps. */
export const rounded = (values) => new Uint8ClampedArray(values);

/** `strength` of the one for looks, the rest of the faithful one: bytes, rounded. */
export function mix(faithful, looks, strength) {
  const { fround } = Math;
  const part = fround(strength);
  return faithful.map((value, i) => fround(value + fround(part * (looks[i] - value))));
}

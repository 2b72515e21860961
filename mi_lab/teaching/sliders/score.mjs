// The estimates were made in Python, one for each place of both sliders; here they are looked up.
export function compute(data, [number, n]) {
  const at = data.sizes.indexOf(n);
  const errors = data.errors[at];
  const clip = (e) => Math.min(e, 1.5);
  const least = Math.min(...errors);
  return {
    number, n, z: data.z, estimate: data.curves[at][number - 1], samples: data.samples[at], numbers: data.numbers,
    errors: errors.map(clip), error: errors[number - 1], height: clip(errors[number - 1]),
    best: errors.indexOf(least) + 1, least,
  };
}

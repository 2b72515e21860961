// The codes were found in Python, one for each price; here the tangent and the boxes of a code are laid out.
const WIDE = 0.055;

export function compute(data, [beta]) {
  const at = data.betas.indexOf(beta);
  const [kept, told] = data.points[at];
  const code = data.codes[at];
  return {
    beta, kept, told, groups: data.groups[at], share: told / data.whole,
    line_x: [kept - 1.2, kept + 1.2], line_y: [told - 1.2 * beta, told + 1.2 * beta],
    x0: code.map(([c]) => c - WIDE), x1: code.map(([c]) => c + WIDE),
    y0: code.map(([, v, q]) => v - WIDE * q), y1: code.map(([, v, q]) => v + WIDE * q),
  };
}

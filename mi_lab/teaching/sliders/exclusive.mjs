// Two bits, each 1 with probability p, and their exclusive or, turned over with probability turned: exact informations.
const xlogx = (v) => (v > 0 ? v * Math.log(v) : 0);
const entropy = (cells) => -cells.reduce((sum, v) => sum + xlogx(v), 0);

function informations(p, turned) {
  const z = [0, 1];
  const joint = (a, b, c) => (a ? p : 1 - p) * (b ? p : 1 - p) * (c === (a ^ b) ? 1 - turned : turned);
  const both = z.flatMap((a) => z.flatMap((b) => z.map((c) => joint(a, b, c))));
  const pair = z.flatMap((a) => z.map((c) => joint(a, 0, c) + joint(a, 1, c)));
  const out = z.map((c) => pair[c] + pair[2 + c]);
  const bit = entropy([p, 1 - p]);
  return [bit + entropy(out) - entropy(pair), 2 * bit + entropy(out) - entropy(both)];
}

export function compute(data, [p, turned]) {
  const curves = data.line.map((v) => informations(v, turned));
  const [one, two] = informations(p, turned);
  return {
    p, turned, one, two, rest: two - one, line: data.line,
    ones: curves.map(([a]) => a), twos: curves.map(([, b]) => b),
  };
}

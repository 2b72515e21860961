// Two knobs on fixed samples: t = a xy - b (x^2 + y^2)/2, its score on the samples and its exact score.
function sampleScore(data, a, b) {
  const scores = ([xy, squares]) => xy.map((v, i) => a * v - b * squares[i]);
  const t = scores(data.joint);
  const ref = scores(data.reference);
  const most = Math.max(...ref);
  const mean = (v) => v.reduce((sum, x) => sum + x, 0) / v.length;
  return mean(t) - most - Math.log(mean(ref.map((x) => Math.exp(x - most))));
}

function exactScore(rho, a, b) {
  const inside = (1 + b) ** 2 - a * a;
  return b > -1 && inside > 0 ? a * rho - b + 0.5 * Math.log(inside) : -Infinity;
}

export function compute(data, [a, b]) {
  const sample = sampleScore(data, a, b);
  const exact = exactScore(data.rho, a, b);
  // up to the edge, where it falls without end, and no further
  const inside = [...data.line.filter((v) => v < 1 + b), 1 + b - 1e-6];
  const finite = Number.isFinite(exact);
  return {
    a, b, sample, edge: [1 + b, 1 + b], edge_y: [-2, 2], line: data.line,
    exact: finite ? exact : NaN,
    shown: finite ? number(exact, ".3f") : "−∞",
    verdict: finite
      ? `The samples ${sample < exact ? "sell it short" : "flatter it"} by ${number(Math.abs(sample - exact), ".3f")} nats.`
      : "From a = 1 + b on the mean of eᵗ is infinite: the samples don’t notice, and the critic certifies nothing.",
    sample_line: data.line.map((v) => sampleScore(data, v, b)),
    exact_x: inside, exact_line: inside.map((v) => exactScore(data.rho, v, b)),
  };
}

// The moving average of the denominator: m <- (1 - beta) new + beta m, so beta weighs the old value.
export function compute(data, [beta]) {
  let m = data.first;
  const trace = data.batches.map((batch) => {
    m = (1 - beta) * batch + beta * m;
    return Math.log(m);
  });
  const grid = data.grid;
  const index = grid.reduce((best, v, i) => (Math.abs(v - beta) < Math.abs(grid[best] - beta) ? i : best), 0);
  const bias = data.bias[index];
  return {
    beta, memory: 1 / (1 - beta), noise: data.noise[index], bias, size: Math.abs(bias),
    direction: bias < 0 ? "low" : "high", at: -Math.log10(1 - beta), step: data.step, trace,
  };
}

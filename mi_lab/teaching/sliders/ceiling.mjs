// Permuted batches of n: instead of the ratio r one learns n r / (n - 1 + r), which never exceeds n.
export function compute(data, [n]) {
  const softplus = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
  const learnt = (t) => Math.log(n) - softplus(Math.log(n - 1) - t);
  const reported = data.levels.map((level, k) => {
    let sum = 0;
    for (const w of data.wave) sum += learnt(level + data.rho[k] * w);
    return sum / data.wave.length;
  });
  return {
    n, ceiling: Math.log(n), ends: [data.line[0], data.line.at(-1)], truth: data.levels.at(-1), left: reported.at(-1),
    line: data.line, learnt: data.line.map(learnt), levels: data.levels, reported,
  };
}

// A proposal q(y|x) = N(a x, s^2) on the way from P_Y to P_{Y|X}, and the denominators of a critic trained against it.
export function compute(data, [near, w]) {
  const { rho, truth, batch, z, noise } = data;
  const v = 1 - rho * rho;
  const a = near * rho;
  const s2 = w * w * (1 - a * a);
  const s = Math.sqrt(s2);
  const miss = 1 - 2 * a * rho + a * a;
  const known = 0.5 - 0.5 * Math.log(s2) - miss / (2 * s2);
  const room = 2 * s2 - v - 2 * (rho - a) ** 2;
  const finite = room > 0;
  const spread = finite ? Math.sqrt(Math.max((s2 / Math.sqrt(v * room) - 1) / batch, 0)) : NaN;
  const y = z.map((x, i) => a * x + s * noise[i]);
  const ratio = y.map((u, i) => 0.5 * Math.log(s2 / v) + noise[i] ** 2 / 2 - (u - rho * z[i]) ** 2 / (2 * v));
  const means = [];
  for (let k = 0; k < z.length; k += batch) {
    let sum = 0;
    for (let i = k; i < k + batch; i += 1) sum += Math.exp(ratio[i]);
    means.push(Math.log(sum / batch));
  }
  return {
    near, w, known, left: truth - known, spread,
    shown: finite ? number(spread, ".3f") : "no finite number",
    verdict: finite ? "" : "The proposal is too narrow: now and then a ratio is so large that no average settles.",
    x: z.slice(0, data.drawn), y: y.slice(0, data.drawn), k: data.k, means, ends: data.ends, up: data.ends.map(() => spread), down: data.ends.map(() => -spread),
  };
}

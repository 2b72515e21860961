// Y = f(X) + sigma times a standard Gaussian, X uniform: the density of Y is an average of bells, and I is its entropy less the noise's.
export function compute(data, [sigma]) {
  const y = data.unit.map((u) => (1 + 5 * sigma) * u);
  const state = { sigma, at: Math.log10(sigma), y };
  for (const name of ["line", "cube", "sine"]) {
    const f = data[`f_${name}`];
    const p = y.map((v) => {
      let sum = 0;
      for (const m of f) sum += Math.exp(-0.5 * ((v - m) / sigma) ** 2);
      return sum / f.length / (sigma * Math.sqrt(2 * Math.PI));
    });
    const h = -p.reduce((sum, v) => sum + v * Math.log(Math.max(v, 1e-300)), 0) * (y[1] - y[0]);
    state[name] = h - 0.5 * Math.log(2 * Math.PI * Math.E * sigma ** 2);
    state[`p_${name}`] = p;
  }
  return state;
}

// The informations come from quadrature in Python; here the densities are blurred.
export function compute(data, [s, kept]) {
  const at = data.sights.indexOf(s);
  const spread = Math.sqrt(data.width ** 2 + s ** 2);
  const line = (centres) => {
    const heights = data.grid.map((x) => centres.reduce((sum, c) => sum + Math.exp(-(((x - c) / spread) ** 2) / 2), 0));
    const top = Math.max(...heights);
    return heights.map((h) => h / top);
  };
  const [full, few] = [data.nats.at(-1)[at], data.nats[kept - 1][at]];
  return {
    s, kept, full, few, gap: full - few, log_s: Math.log10(s),
    full_line: line(data.centres), few_line: line(data.centres.slice(0, kept)), grid: data.grid,
    log_sights: data.sights.map(Math.log10), few_nats: data.nats[kept - 1],
  };
}

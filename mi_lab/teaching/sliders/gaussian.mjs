// The bivariate Gaussian: y = rho z + sqrt(1 - rho^2) w on the same normal numbers for every rho.
export function compute(data, [rho]) {
  const spread = Math.sqrt(1 - rho * rho);
  const information = -Math.log(spread);
  const bell = (v, mean, sd) => Math.exp(-0.5 * ((v - mean) / sd) ** 2) / (sd * Math.sqrt(2 * Math.PI));
  const ellipse = (r) => ({
    x: data.angle.map((a) => r * Math.cos(a)),
    y: data.angle.map((a) => r * (rho * Math.cos(a) + spread * Math.sin(a))),
  });
  const [inner, outer] = [ellipse(1), ellipse(2)];
  return {
    rho, spread, information,
    x: data.z, y: data.z.map((z, i) => rho * z + spread * data.w[i]),
    inner_x: inner.x, inner_y: inner.y, outer_x: outer.x, outer_y: outer.y,
    conditional: data.line.map((v) => bell(v, rho, spread)), mean: rho, line: data.line,
  };
}

// A conditional model N(a x, s^2) of a Gaussian, its slope a = share * rho, and a marginal model N(0, v^2).
export function compute(data, [share, v]) {
  const { rho, truth, shares, line } = data;
  const variance = (a) => 1 - 2 * a * rho + a * a;
  const extra = Math.log(v) + 1 / (2 * v * v) - 0.5; // D(P_Y || q_Y)
  const ba = (l) => -0.5 * Math.log(variance(l * rho));
  const club = (l) => (l * rho * rho) / variance(l * rho);
  const a = share * rho;
  const s = Math.sqrt(variance(a));
  const own = { ba: ba(share), doe: ba(share) + extra, club: club(share) };
  const side = (value) => (Math.abs(value - truth) < 5e-4 ? "on" : value < truth ? "below" : "above");
  return {
    share, v, slope: a, width: s, ...own, doe_side: side(own.doe), club_side: side(own.club),
    line, mean: line.map((x) => a * x), low: line.map((x) => a * x - 2 * s), high: line.map((x) => a * x + 2 * s),
    doe_end: truth + extra, shares, ba_line: shares.map(ba), doe_line: shares.map((l) => ba(l) + extra), club_line: shares.map(club),
  };
}

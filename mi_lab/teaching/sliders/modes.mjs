// The games were played in Python; here one look at one of them is chosen.
export function compute(data, [step, term]) {
  const at = data.steps.indexOf(step);
  const arm = data.terms.indexOf(term);
  const found = data.found[arm];
  const [x, y] = data.points[arm][at];
  return {
    step, term, modes: found.modes[at], share: found.share[at], kl: found.kl[at], x, y,
    thousands: step / 1000, line: data.steps.map((s) => s / 1000), kl_line: found.kl,
  };
}

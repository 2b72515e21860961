// The numbers are those of a long run; here dots and bars are laid out, a line for each method.
export function compute(data, [law, n]) {
  const at = data.laws.indexOf(law);
  const bouts = data.bouts[at][data.sizes.indexOf(n)];
  const [dots, rows, ends, bars] = [[], [], [], []];
  bouts.forEach((of, k) => of.values.forEach((value, i) => {
    const height = k + 0.5 + 0.22 * (i - (of.values.length - 1) / 2);
    dots.push(value);
    rows.push(height);
    ends.push(of.low[i], of.high[i], null);
    bars.push(height, height, null);
  }));
  const told = bouts.map((of, k) => [of.error, k]).filter(([e]) => e !== null).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const [bestError, best] = told[0];
  const [worstError, worst] = told.at(-1);
  return {
    law, n, truth: data.truths[at], best: data.names[best], best_error: bestError,
    worst: data.names[worst], worst_error: worstError, x: data.points[at][0], y: data.points[at][1],
    dots, rows, ends, bars,
  };
}

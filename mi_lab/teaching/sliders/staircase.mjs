// The staircase: one objective's climb on the left, on the right the errors of all objectives at one level.
export function compute(data, [objective, level]) {
  const truth = data.truths[level];
  const shown = (v) => (v === null ? NaN : Math.min(data.right, Math.max(data.left, v)));
  const error = data.mean.map((m) => m[level] - truth);
  const sd = data.sd.map((s) => s[level]);
  const told = data.published.map((p) => p[level]);
  const per = data.per_level;
  return {
    objective, level, name: data.names[objective], truth, mean: data.mean[objective][level], sd: sd[objective],
    printed: told[objective] === null ? "" : `; published mean ${number(told[objective], ".2f")}`,
    step: data.step, trace: data.trace[objective], from: level * per, to: (level + 1) * per,
    ends: [0, data.truths.length * per],
    error: error.map(shown), low: error.map((e, i) => shown(e - sd[i])), high: error.map((e, i) => shown(e + sd[i])),
    under: data.row.map((r) => r - 0.12), over: data.row.map((r) => r + 0.12), row: data.row,
    told: told.map((t) => shown(t === null ? null : t - truth)),
    own_low: data.row[objective] - 0.5, own_high: data.row[objective] + 0.5,
  };
}

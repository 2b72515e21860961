// The staircase: one objective's climb on the left, on the right the errors of all objectives at one level.
export function compute(data, [objective, level]) {
  const truth = data.truths[level];
  const shown = (v) => (v === null ? NaN : Math.min(data.right, Math.max(data.left, v)));
  const minus = (v, w) => (v === null ? null : v - w);
  const told = data.published.map((p) => p[level]);
  const state = {
    objective, level, name: data.names[objective], truth, to: level + 1, row: data.row,
    printed: told[objective] === null ? "" : `; published mean ${number(told[objective], ".2f")}`,
    told: told.map((t) => shown(minus(t, truth))),
    own_low: data.row[objective] - 0.5, own_high: data.row[objective] + 0.5,
  };
  for (const [critic, shift] of [["separable", 0.15], ["joint", -0.15]]) {
    const own = data[critic];
    const error = own.mean.map((m) => minus(m[level], truth));
    const sd = own.sd.map((s) => s[level]);
    const mean = own.mean[objective][level];
    Object.assign(state, {
      [critic]: mean === null ? "" : `; ${critic} critic ${number(mean, ".2f")} ± ${number(sd[objective], ".2f")}`,
      [`step_${critic}`]: own.step, [`trace_${critic}`]: own.trace[objective].map((v) => (v === null ? NaN : v)),
      [`error_${critic}`]: error.map(shown),
      [`low_${critic}`]: error.map((e, i) => shown(minus(e, sd[i]))),
      [`high_${critic}`]: error.map((e, i) => shown(minus(e, -sd[i]))),
      [`row_${critic}`]: data.row.map((r) => r + shift),
      [`under_${critic}`]: data.row.map((r) => r + shift - 0.1),
      [`over_${critic}`]: data.row.map((r) => r + shift + 0.1),
    });
  }
  return state;
}

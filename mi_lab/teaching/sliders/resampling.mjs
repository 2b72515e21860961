// Resampling: pair i of the reference is (x[a[i]], y[b[i]]); the first n_ pairs are shown.
export function compute(data, [n_]) {
  const n = data.x.length;
  const counts = new Map();
  const timesX = new Float64Array(n);
  const timesY = new Float64Array(n);
  const runX = [];
  const runY = [];
  let joint = 0;
  let next = 0;
  for (let i = 0; i < n_; i += 1) {
    const [a, b] = [data.a[i], data.b[i]];
    timesX[a] += 1;
    timesY[b] += 1;
    if (a === b) joint += 1;
    counts.set(a * n + b, (counts.get(a * n + b) || 0) + 1);
    while (next < data.marks.length && data.marks[next] < i + 1) next += 1;
    if (data.marks[next] === i + 1 || i + 1 === n_) {
      runX.push(Math.log10(i + 1));
      runY.push(joint / (i + 1));
    }
  }
  const groups = { once: [[], []], again: [[], []], kept: [[], []] };
  for (const key of [...counts.keys()].sort((p, q) => p - q)) {
    const [a, b] = [Math.floor(key / n), key % n];
    const group = a === b ? groups.kept : counts.get(key) > 1 ? groups.again : groups.once;
    group[0].push(data.x[a]);
    group[1].push(data.y[b]);
  }
  const density = (line, sample, times, sd) => {
    const h = 1.06 * sd * n_ ** -0.2;
    const scale = n_ * h * Math.sqrt(2 * Math.PI);
    return line.map((v) => {
      let sum = 0;
      for (let i = 0; i < n; i += 1) if (times[i]) sum += times[i] * Math.exp(-0.5 * ((v - sample[i]) / h) ** 2);
      return sum / scale;
    });
  };
  const copies = n_ - counts.size;
  return {
    n_, joint, copies, share: joint / n_, expected: 1 / n,
    pairs: joint === 1 ? "pair" : "pairs", repeat: copies === 1 ? "repeats" : "repeat",
    once_x: groups.once[0], once_y: groups.once[1], again_x: groups.again[0], again_y: groups.again[1],
    kept_x: groups.kept[0], kept_y: groups.kept[1],
    line_x: data.line_x, line_y: data.line_y,
    density_x: density(data.line_x, data.x, timesX, data.sd[0]),
    density_y: density(data.line_y, data.y, timesY, data.sd[1]),
    run_x: runX, run_y: runY, at: Math.log10(n_),
  };
}

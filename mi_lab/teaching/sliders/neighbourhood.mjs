// Counting near one point: the square of the k-th neighbour, the boxes of a grid, or a kernel's bumps.
const empty = { x0: [], x1: [], y0: [], y1: [] };

function heat(shares, boxOf, least = 0) {
  const levels = [1, 2, 3, 4, 5].map(() => ({ x0: [], x1: [], y0: [], y1: [] }));
  shares.forEach((share, i) => {
    if (share <= least) return;
    const level = levels[Math.min(4, Math.floor(share * 5))];
    boxOf(i).forEach((v, j) => level[["x0", "x1", "y0", "y1"][j]].push(v));
  });
  return levels;
}

function neighbours(data, k) {
  const [px, py] = [data.x[data.point], data.y[data.point]];
  const others = data.x.map((x, i) => i).filter((i) => i !== data.point);
  const [sdX, sdY] = data.sd; // distances in standard deviations, as the package takes them
  const farX = (i) => Math.abs(data.x[i] - px) / sdX;
  const farY = (i) => Math.abs(data.y[i] - py) / sdY;
  const far = (i) => Math.max(farX(i), farY(i));
  const ranked = [...others].sort((i, j) => far(i) - far(j) || i - j);
  const radius = far(ranked[k - 1]);
  const near = ranked.slice(0, k);
  const column = others.filter((i) => farX(i) < radius);
  const row = others.filter((i) => farY(i) < radius);
  const at = (ids) => [ids.map((i) => data.x[i]), ids.map((i) => data.y[i])];
  const [near_x, near_y] = at(near);
  const [column_x, column_y] = at(column);
  const [row_x, row_y] = at(row);
  return {
    radius, n_x: column.length, n_y: row.length, near_x, near_y, column_x, column_y, row_x, row_y,
    left: px - radius * sdX, right: px + radius * sdX, lower: py - radius * sdY, upper: py + radius * sdY,
  };
}

function bins(data, count) {
  const cell = (v, [low, high]) => Math.min(count - 1, Math.max(0, Math.floor(((v - low) / (high - low)) * count)));
  const counts = new Array(count * count).fill(0);
  data.x.forEach((x, i) => { counts[cell(x, data.range[0]) * count + cell(data.y[i], data.range[1])] += 1; });
  const fullest = Math.max(...counts);
  const edge = (i, [low, high]) => low + ((high - low) * i) / count;
  const levels = heat(counts.map((c) => c / fullest), (i) => {
    const [a, b] = [Math.floor(i / count), i % count];
    return [edge(a, data.range[0]), edge(a + 1, data.range[0]), edge(b, data.range[1]), edge(b + 1, data.range[1])];
  });
  const [rule_x, rule_y] = [[], []];
  for (let i = 1; i < count; i += 1) {
    const [at_x, at_y] = data.range.map(([low, high]) => low + (high - low) * (i / count));
    rule_x.push(at_x, at_x, NaN, ...data.range[0], NaN);
    rule_y.push(...data.range[1], NaN, at_y, at_y, NaN);
  }
  return { levels, rule_x, rule_y, filled: counts.filter((c) => c > 0).length, cells: count * count, fullest };
}

function kernels(data, h) {
  const hill = (v, sample, sd) => sample.map((s) => Math.exp(-0.5 * ((v - s) / (h * sd)) ** 2));
  const across = data.mesh_x.map((v) => hill(v, data.x, data.sd[0]));
  const up = data.mesh_y.map((v) => hill(v, data.y, data.sd[1]));
  const m = data.mesh_x.length;
  const heights = [];
  for (const a of across) for (const b of up) heights.push(a.reduce((sum, v, i) => sum + v * b[i], 0));
  const top = Math.max(...heights);
  const [dx, dy] = [data.mesh_x, data.mesh_y].map((mesh) => (mesh[1] - mesh[0]) / 2);
  const levels = heat(heights.map((v) => v / top), (i) => {
    const [x, y] = [data.mesh_x[Math.floor(i / m)], data.mesh_y[i % m]];
    return [x - dx, x + dx, y - dy, y + dy];
  }, 0.02);
  return { levels, reach_x: h * data.sd[0], reach_y: h * data.sd[1] };
}

export function compute(data, [value]) {
  const grid = data.grid;
  const index = grid.reduce((best, v, i) => (Math.abs(v - value) < Math.abs(grid[best] - value) ? i : best), 0);
  const estimate = data.estimates[index];
  const own = { neighbours, bins, kernels }[data.method](data, value);
  const levels = own.levels || [];
  delete own.levels;
  const flat = {};
  [0, 1, 2, 3, 4].forEach((i) => {
    for (const [key, v] of Object.entries(levels[i] || empty)) flat[`heat${i + 1}_${key}`] = v;
  });
  return {
    ...own, ...flat, value, estimate, at: data.log ? Math.log10(value) : value,
    error: Math.abs(estimate - data.truth), side: estimate < data.truth ? "below" : "above",
  };
}

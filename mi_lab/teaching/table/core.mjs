// The estimators of mi_lab/counting, for two columns of one number each, in plain JavaScript: the same formulas, the
// same treatment of equal values, the same noise where a lattice needs some. tests/teaching/table compares them to 1e-9.

const K = 3; // which neighbour
const CHANCE = 0.01; // share of samples whose neighbour may be no single one without anything being done about it

// ψ at whole numbers: ψ(1) = −γ, ψ(m + 1) = ψ(m) + 1/m
let psi = new Float64Array([-Infinity, -0.5772156649015329]);
function digammas(most) {
  if (psi.length > most) return psi;
  const longer = new Float64Array(2 * most + 2);
  longer.set(psi);
  for (let m = psi.length; m < longer.length; m++) longer[m] = longer[m - 1] + 1 / (m - 1);
  psi = longer;
  return psi;
}

// NumPy's default_rng(0).uniform(-1, 1): a permuted congruential generator of 128 bits, its first state written out.
const noise = { state: 35399562948360463058890781895381311971n, values: new Float64Array(0) };
function uniform(count) {
  if (noise.values.length >= count) return noise.values;
  const longer = new Float64Array(2 * count), all = (1n << 128n) - 1n, word = (1n << 64n) - 1n;
  longer.set(noise.values);
  for (let i = noise.values.length; i < longer.length; i++) {
    noise.state = (noise.state * 47026247687942121848144207491837523525n + 87136372517582989555478159403783844777n) & all;
    const mixed = (noise.state >> 64n) ^ (noise.state & word), turn = noise.state >> 122n;
    const out = ((mixed >> turn) | (mixed << (64n - turn))) & word;
    longer[i] = 2 * (Number(out >> 11n) / 9007199254740992) - 1;
  }
  noise.values = longer;
  return noise.values;
}

// A generator for shuffles, small and quick (xorshift, 32 bits a number), started by a seed.
function shuffler(seed) {
  let a = (seed ^ 0x9e3779b9) >>> 0 || 1;
  const next = () => {
    a ^= a << 13; a >>>= 0; a ^= a >>> 17; a ^= a << 5; a >>>= 0;
    return a / 4294967296;
  };
  for (let i = 0; i < 20; i++) next();
  return (values) => {
    for (let i = values.length - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1)), kept = values[i];
      values[i] = values[j];
      values[j] = kept;
    }
  };
}

// Centred and divided by the standard deviation; first by the largest, so that no unit is too large to be squared.
function standardised(v) {
  const n = v.length, out = new Float64Array(n);
  let mean = 0, largest = 0, square = 0;
  for (let i = 0; i < n; i++) mean += v[i];
  mean /= n;
  for (let i = 0; i < n; i++) {
    out[i] = v[i] - mean;
    largest = Math.max(largest, Math.abs(out[i]));
  }
  if (!(largest > 0)) return out;
  for (let i = 0; i < n; i++) {
    out[i] /= largest;
    square += out[i] * out[i];
  }
  const spread = Math.sqrt(square / n);
  for (let i = 0; i < n; i++) out[i] /= spread;
  return out;
}

// Whole numbers below 2^51 in a unit common to both columns, after which v ± distance is exact.
function onGrid(x, y) {
  let top = 0;
  for (const v of [x, y]) for (let i = 0; i < v.length; i++) top = Math.max(top, Math.abs(v[i]));
  let exponent = Math.floor(Math.log2(top || 1)) + 1;
  if (2 ** exponent <= top) exponent++;
  if (2 ** (exponent - 1) > (top || 1)) exponent--;
  const unit = 2 ** (51 - exponent);
  return [x, y].map((v) => v.map((value) => Math.round(value * unit)));
}

function ordered(v) {
  const order = new Uint32Array(v.length).map((_, i) => i);
  return order.sort((i, j) => v[i] - v[j]);
}

// How many values of the sorted v lie nearer to `at` than r, `at` itself not counted (at r = 0 nothing does).
function within(sorted, at, r) {
  let low = 0, high = sorted.length;
  const least = at - r, most = at + r;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= least) low = middle + 1; else high = middle;
  }
  const first = low;
  high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < most) low = middle + 1; else high = middle;
  }
  return Math.max(low - first, 1) - 1;
}

function copies(keys) {
  const count = new Map();
  for (const key of keys) count.set(key, (count.get(key) ?? 0) + 1);
  return count;
}

// The terms of eq-ksg, of eq-ksg-ties at copies, sample by sample; `wanted`: which neighbour, where labels are scarce.
// Also which samples have k copies, and the share of those whose neighbour is no single one.
function terms(x, y, wanted) {
  const n = x.length, last = Math.min(K + 1, n - 1), ψ = digammas(n + 2);
  const [gx, gy] = onGrid(x, y), order = ordered(gx);
  const xs = new Float64Array(n), ys = new Float64Array(n), near = new Float64Array(last + 1);
  for (let i = 0; i < n; i++) {
    xs[i] = gx[order[i]];
    ys[i] = gy[order[i]];
  }
  const ySorted = ys.slice().sort();
  const local = new Float64Array(n), copied = new Uint8Array(n);
  let shared = 0, counts = null;
  for (let i = 0; i < n; i++) {
    // outwards in x from the sample, the nearer side first, until no sample there can be among the nearest any more
    const at = xs[i], height = ys[i], k = wanted ? Math.max(1, wanted[order[i]]) : K;
    const need = Math.min(k + 1, last);
    let left = i - 1, right = i + 1, worst = Infinity;
    let toLeft = left >= 0 ? at - xs[left] : Infinity, toRight = right < n ? xs[right] - at : Infinity;
    for (let j = 1; j <= need; j++) near[j] = Infinity;
    for (;;) {
      let gap, other;
      if (toLeft <= toRight) {
        if (toLeft >= worst) break;
        gap = toLeft;
        other = left--;
        toLeft = left >= 0 ? at - xs[left] : Infinity;
      } else {
        if (toRight >= worst) break;
        gap = toRight;
        other = right++;
        toRight = right < n ? xs[right] - at : Infinity;
      }
      const rise = Math.abs(ys[other] - height);
      if (rise > gap) gap = rise;
      if (gap < worst) {
        let j = need;
        while (j > 1 && near[j - 1] > gap) near[j] = near[--j];
        near[j] = gap;
        worst = near[need];
      }
    }
    const radius = near[k];
    if (radius === 0) {
      counts ??= [copies(pairs(xs, ys)), copies(xs), copies(ys)];
      const [both, ofX, ofY] = counts;
      copied[order[i]] = 1;
      local[order[i]] = ψ[both.get(`${at} ${height}`)] + ψ[n] - ψ[ofX.get(at)] - ψ[ofY.get(height)];
    } else {
      if (k + 1 <= last && near[k + 1] === radius) shared++;
      local[order[i]] = ψ[k] + ψ[n] - ψ[within(xs, at, radius) + 1] - ψ[within(ySorted, height, radius) + 1];
    }
  }
  return { local, copied, shared: shared / n };
}

function pairs(x, y) {
  return Array.from(x, (value, i) => `${value} ${y[i]}`);
}

function moved(x, y) {
  const n = x.length, random = uniform(2 * n);
  return [x, y].map((v, side) => {
    let top = 0;
    for (let i = 0; i < n; i++) top = Math.max(top, Math.abs(v[i]));
    return v.map((value, i) => value + 1e-6 * top * random[side * n + i]);
  });
}

// The mean of the terms; where the data lie on a lattice, those of samples without copies are of moved data.
// `flip`: the noise goes first to y.
function settled(x, y, wanted, flip = false) {
  const { local, copied, shared } = terms(x, y, wanted);
  if (shared > CHANCE) {
    const again = terms(...(flip ? moved(y, x).reverse() : moved(x, y)), wanted).local;
    for (let i = 0; i < local.length; i++) if (!copied[i]) local[i] = again[i];
  }
  return local.reduce((sum, term) => sum + term, 0) / local.length;
}

// Neighbours of two columns of numbers, in nats (kraskov2004; gao2017 at copies).
function neighbours(x, y) {
  return settled(standardised(x), standardised(y), null);
}

// Neighbours under the same label (ross2014); `first`: whether the labels are x. A label seen once is left out.
function underLabels(labels, v, first) {
  const count = copies(labels), kept = [];
  for (let i = 0; i < v.length; i++) if (count.get(labels[i]) > 1) kept.push(i);
  if (kept.length < 2) return NaN;
  const u = standardised(Float64Array.from(kept, (i) => v[i]));
  const known = [...count.keys()].sort((a, b) => a - b);
  const code = new Map(known.map((label, c) => [label, c]));
  let low = Infinity, high = -Infinity;
  for (const value of u) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const reach = 4 * (high - low) + 1; // labels lie farther apart than any two numbers
  const far = Float64Array.from(kept, (i) => code.get(labels[i]) * reach);
  const wanted = Int32Array.from(kept, (i) => Math.min(K, count.get(labels[i]) - 1));
  return settled(u, far, wanted, first); // searched along the numbers, whichever of the two is x
}

// Entropies of counts, each with Miller and Madow's correction: H(X) + H(Y) − H(X,Y), in nats.
function counted(x, y) {
  const n = x.length;
  const entropy = (keys) => {
    const count = copies(keys);
    let sum = 0;
    for (const c of count.values()) sum += c * Math.log(c);
    return Math.log(n) - sum / n + (count.size - 1) / (2 * n);
  };
  return entropy(x) + entropy(y) - entropy(pairs(x, y));
}

const constant = (v) => v.every((value) => value === v[0]);

// Whether one column rises or falls with the other without exception, both varying finely: then I is infinite.
function exact(x, y) {
  const n = x.length, order = ordered(x);
  if (new Set(x).size < Math.max(8, n / 5) || new Set(y).size < Math.max(8, n / 5) || n < 8) return false;
  let up = true, down = true;
  for (let i = 1; i < n && (up || down); i++) {
    const step = y[order[i]] - y[order[i - 1]], tied = x[order[i]] === x[order[i - 1]];
    if (step < 0 || (tied && step)) up = false;
    if (step > 0 || (tied && step)) down = false;
  }
  return (up || down) && !lattice(x) && !lattice(y);
}

function lattice(v) {
  const sorted = Float64Array.from(new Set(v)).sort(), gaps = sorted.slice(1).map((value, i) => value - sorted[i]);
  const step = gaps.reduce((a, b) => Math.min(a, b), Infinity);
  if (!((sorted.at(-1) - sorted[0]) / step <= 1e7)) return false;
  return gaps.every((gap) => Math.abs(gap / step - Math.round(gap / step)) < 1e-3 * Math.max(1, (gap / step) * 1e-3));
}

// Whether a column's values serve as labels: they are labels, or few enough to have 20 rows each.
const serves = (c) => c.kind === "label" || new Set(c.values).size * 20 <= c.values.length;

// A column: {kind: "number" | "count" | "label", values: Float64Array}; labels are whole numbers, NaN is missing.
export function estimate(x, y) {
  if (constant(x.values) || constant(y.values)) return 0;
  const labels = [serves(x), serves(y)];
  if (labels[0] && labels[1]) return counted(x.values, y.values);
  if (labels[0]) return underLabels(x.values, y.values, true);
  if (labels[1]) return underLabels(y.values, x.values, false);
  return neighbours(x.values, y.values);
}

// The rows where neither is missing.
export function together(x, y) {
  const rows = [];
  for (let i = 0; i < x.values.length; i++) if (x.values[i] === x.values[i] && y.values[i] === y.values[i]) rows.push(i);
  const part = (c) => ({ ...c, values: Float64Array.from(rows, (i) => c.values[i]) });
  return [part(x), part(y)];
}

export const LEAST = 8; // rows

// One pair: {value, n, note, labels}: how many of the two serve as labels; NaN where nothing can be said: note says why.
export function judge(x, y) {
  const [a, b] = together(x, y), n = a.values.length;
  if (n < LEAST) return { value: NaN, n, note: `only ${n} rows have both, wanted at least ${LEAST}` };
  for (const [c, name] of [[a, x.name], [b, y.name]]) {
    if (constant(c.values)) return { value: 0, n, note: `“${name}” never varies, so it tells nothing` };
  }
  const value = estimate(a, b), labels = serves(a) + serves(b);
  if (Number.isNaN(value)) return { value, n, note: "every label occurs only once" };
  if (labels === 2 && n < 5 * copies(pairs(a.values, b.values)).size) {
    return { value, n, labels, note: "most cells of the two labels’ table hold fewer than five rows: ask what chance gives" };
  }
  if (!labels && exact(a.values, b.values)) {
    const note = "one rises or falls with the other without exception: of numbers that vary continuously the truth is infinite";
    return { value, n, labels, note, infinite: true };
  }
  return { value, n, labels, note: "" };
}

// One standard error from pairs of halves that share no row; `orders`: which rows come first, for each pair of halves.
export function errorBar(x, y, orders) {
  const known = together(x, y).map((c) => (serves(c) ? { ...c, kind: "label" } : c));
  const half = known[0].values.length >> 1, squares = [];
  for (const order of orders) {
    const [a, b] = [0, half].map((first) => estimate(
      ...known.map((c) => ({ ...c, values: Float64Array.from({ length: half }, (_, i) => c.values[order[first + i]]) })),
    ));
    if (Number.isFinite(a) && Number.isFinite(b)) squares.push(((a - b) / 2) ** 2);
  }
  return squares.length > orders.length / 2 ? Math.sqrt(squares.reduce((s, v) => s + v, 0) / squares.length) : NaN;
}

export function mixedRows(n, times, seed) {
  const shuffle = shuffler(seed), rows = Uint32Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: times }, () => {
    shuffle(rows);
    return rows.slice();
  });
}

// Shuffles of y: how many estimates reach that of the pair. `tell(done, reached, values)` after each; true stops.
export function shuffles(x, y, times, seed, tell) {
  const [a, b] = together(x, y), here = estimate(a, b), shuffle = shuffler(seed), values = [];
  let reached = 0;
  const strange = { ...b, values: b.values.slice() };
  for (let done = 1; done <= times; done++) {
    shuffle(strange.values);
    const value = estimate(a, strange);
    values.push(value);
    if (value >= here - 1e-12) reached++;
    if (tell(done, reached)) return { done, reached, here, values };
  }
  return { done: times, reached, here, values };
}

// A small critic trained here and now: 2 -> width -> width -> 1 with ELU, the Donsker-Varadhan score of all training
// samples, its gradient written out, and Adam.  Weights and samples come from Python; no step is precomputed.
const elu = (u) => (u > 0 ? u : Math.expm1(u));

// Where the parts of the critic lie in its flat list of weights: W1, b1, W2, b2, w3, b3.
function layout(width) {
  const ends = [2 * width, width, width * width, width, width, 1];
  return ends.map((_, i) => ends.slice(0, i).reduce((sum, v) => sum + v, 0));
}

// The critic's value at one point; `h`, if given, keeps both hidden layers.
function critic(w, width, at, x, y, h) {
  const [W1, b1, W2, b2, w3, b3] = at;
  let t = w[b3];
  for (let i = 0; i < width; i += 1) h[i] = elu(w[W1 + 2 * i] * x + w[W1 + 2 * i + 1] * y + w[b1 + i]);
  for (let i = 0; i < width; i += 1) {
    let u = w[b2 + i];
    for (let j = 0; j < width; j += 1) u += w[W2 + width * i + j] * h[j];
    h[width + i] = elu(u);
    t += w[w3 + i] * h[width + i];
  }
  return t;
}

export function scores(w, width, points) {
  const [at, h] = [layout(width), new Float64Array(2 * width)];
  return points.map(([x, y]) => critic(w, width, at, x, y, h));
}

const mean = (v) => v.reduce((sum, x) => sum + x, 0) / v.length;

function logMeanExp(t) {
  const most = t.reduce((a, b) => Math.max(a, b), -Infinity);
  return most + Math.log(mean(t.map((v) => Math.exp(v - most))));
}

export const value = (t, tRef) => mean(t) - logMeanExp(tRef);

// The score and its gradient: + 1/n for each joint sample, - its share of the sum of exponentials for each reference.
export function gradient(w, width, joint, reference) {
  const [t, tRef] = [scores(w, width, joint), scores(w, width, reference)];
  const norm = logMeanExp(tRef) + Math.log(tRef.length);
  const pull = [...t.map(() => 1 / t.length), ...tRef.map((v) => -Math.exp(v - norm))];
  const at = layout(width);
  const [W1, b1, W2, b2, w3, b3] = at;
  const g = new Float64Array(w.length);
  const h = new Float64Array(2 * width);
  const back = new Float64Array(width);
  [...joint, ...reference].forEach(([x, y], k) => {
    critic(w, width, at, x, y, h);
    const p = pull[k];
    back.fill(0);
    g[b3] += p;
    for (let i = 0; i < width; i += 1) {
      const out = h[width + i];
      g[w3 + i] += p * out;
      const d = p * w[w3 + i] * (out > 0 ? 1 : out + 1); // ELU' = 1, or e^u = ELU + 1
      g[b2 + i] += d;
      for (let j = 0; j < width; j += 1) {
        g[W2 + width * i + j] += d * h[j];
        back[j] += d * w[W2 + width * i + j];
      }
    }
    for (let j = 0; j < width; j += 1) {
      const d = back[j] * (h[j] > 0 ? 1 : h[j] + 1);
      g[W1 + 2 * j] += d * x;
      g[W1 + 2 * j + 1] += d * y;
      g[b1 + j] += d;
    }
  });
  return { value: mean(t) - norm + Math.log(tRef.length), gradient: g };
}

// One run: weights before step 0, 1, 2, ... as far as somebody has looked, and both values there.
function begin(data) {
  const zero = () => new Float64Array(data.weights.length);
  return { weights: [Float64Array.from(data.weights)], first: zero(), second: zero(), train: [], held: [] };
}

function advance(run, data, target) {
  const heldOut = (w) => value(...[data.held_joint, data.held_reference].map((z) => scores(w, data.width, z)));
  while (run.train.length <= target) {
    const k = run.train.length;
    const w = run.weights[k];
    const now = gradient(w, data.width, data.joint, data.reference);
    run.train.push(now.value);
    run.held.push(heldOut(w));
    const next = Float64Array.from(w);
    for (let i = 0; i < next.length; i += 1) {
      const g = -now.gradient[i]; // Adam walks down, and the score is to rise
      run.first[i] = 0.9 * run.first[i] + 0.1 * g;
      run.second[i] = 0.999 * run.second[i] + 0.001 * g * g;
      const size = Math.sqrt(run.second[i] / (1 - 0.999 ** (k + 1))) + 1e-8;
      next[i] -= (data.rate * (run.first[i] / (1 - 0.9 ** (k + 1)))) / size;
    }
    run.weights.push(next);
  }
}

const runs = new WeakMap(); // one run a block, kept while the page is open

export function compute(data, [step]) {
  if (!runs.has(data)) runs.set(data, begin(data));
  const run = runs.get(data);
  advance(run, data, step);
  const w = run.weights[step];
  const norm = logMeanExp(scores(w, data.width, data.reference));
  const cells = data.mesh.flatMap((x) => data.mesh.map((y) => [x, y]));
  const half = (data.mesh[1] - data.mesh[0]) / 2;
  const state = {};
  const names = [...data.hot.map((_, i) => `hot${i + 1}`), ...data.cold.map((_, i) => `cold${i + 1}`)];
  for (const name of names) for (const end of ["x0", "x1", "y0", "y1"]) state[`${name}_${end}`] = [];
  scores(w, data.width, cells).forEach((t, i) => {
    const u = t - norm; // the critic without its constant
    const level = (edges) => edges.filter((edge) => Math.abs(u) >= edge).length;
    const many = level(u > 0 ? data.hot : data.cold);
    if (!many) return;
    const [x, y] = cells[i];
    const name = (u > 0 ? "hot" : "cold") + many;
    [["x0", x - half], ["x1", x + half], ["y0", y - half], ["y1", y + half]].forEach(([end, v]) => state[`${name}_${end}`].push(v));
  });
  const train = run.train.slice(0, step + 1);
  const held = run.held.slice(0, step + 1);
  const best = held.indexOf(Math.max(...held));
  return {
    ...state, step, steps: train.map((_, k) => k), train_line: train, held_line: held, train: train[step], held: held[step],
    best, best_held: held[best], noun: step === 1 ? "step" : "steps",
    side: train[step] > data.truth ? "above" : "below",
  };
}

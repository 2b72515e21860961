// The tangent picture: f(u) >= t u - f*(t), with equality where the slope t is f'(u).
const families = {
  KL: { f: (u) => (u > 0 ? u * Math.log(u) : 0), star: (t) => Math.exp(t - 1), touch: (t) => Math.exp(t - 1) },
  reverse: { f: (u) => -Math.log(u), star: (t) => -1 - Math.log(-t), touch: (t) => -1 / t },
  JS: {
    f: (u) => 0.5 * ((u > 0 ? u * Math.log(u) : 0) - (u + 1) * Math.log((u + 1) / 2)),
    star: (t) => -0.5 * Math.log(2 - Math.exp(2 * t)),
    touch: (t) => Math.exp(2 * t) / (2 - Math.exp(2 * t)),
  },
  chi2: {
    f: (u) => (u - 1) ** 2,
    star: (t) => (t > -2 ? t + (t * t) / 4 : -1),
    touch: (t) => Math.max(1 + t / 2, 0),
  },
};

export function compute(data, [t]) {
  const { f, star, touch } = families[data.f];
  const bound = t * data.ratio - star(t);
  const truth = f(data.ratio);
  const [low, high] = data.span;
  return {
    t, bound, truth, gap: truth - bound, intercept: -star(t), touch: touch(t), height: f(touch(t)), ratio: data.ratio,
    line_u: [low, high], line_f: [t * low - star(t), t * high - star(t)],
    gap_u: [data.ratio, data.ratio], gap_f: [bound, truth], gap_t: [t, t],
  };
}

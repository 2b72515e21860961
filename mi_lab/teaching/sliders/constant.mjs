// The critic log r + c: NWJ's expectation is I + c - e^(c - 1); on a batch the mean of r is multiplied by e^(c - 1).
export function compute(data, [c, information]) {
  const level = data.levels.indexOf(information);
  const [joint, ratio, [ofJoint, ofRatio]] = [data.joint[level], data.ratio[level], data.noise[level]];
  const mean = (v) => v.reduce((sum, x) => sum + x, 0) / v.length;
  const shown = (v) => Math.min(data.high, Math.max(data.low, v));
  const worth = (k) => information + k - Math.exp(k - 1);
  const dv = joint.map((v, i) => v - Math.log(ratio[i]));
  const dvMean = mean(dv);
  return {
    c, information, exact: worth(c),
    spread: Math.sqrt((ofJoint + Math.exp(2 * (c - 1)) * ofRatio) / data.n),
    dv_mean: dvMean, dv_spread: Math.sqrt(mean(dv.map((v) => (v - dvMean) ** 2))),
    line: data.line, expected: data.line.map(worth), ends: [-2, 3], across: [0.5, 2.5],
    at_dv: data.offset.map((v) => v * 0.6 + 1), at_nwj: data.offset.map((v) => v * 0.6 + 2),
    dv: dv.map(shown), nwj: joint.map((v, i) => shown(v + c - Math.exp(c - 1) * ratio[i])),
  };
}

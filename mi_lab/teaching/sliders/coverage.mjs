// A bell of estimates around the truth plus the bias; the shares that intervals cover come from a table.
export function compute(data, [bias, allowance]) {
  const row = data.shares[data.allowances.indexOf(allowance)];
  const cover = row[data.biases.indexOf(bias)];
  const half = data.width + allowance;
  const inside = Array.from({ length: 61 }, (_, i) => -half + (2 * half * i) / 60);
  const bell = (v) => Math.exp(-((v - bias) ** 2) / 2);
  return {
    bias, allowance, half, cover,
    verdict: cover >= 0.9 ? "As much as promised, or more." : "Less than the 90 % that it promises.",
    z: data.z, bell: data.z.map(bell), inside, covered: inside.map(bell), biases: data.biases, shares: row,
  };
}

// The slopes were estimated in Python, for each angle; here the arrows are drawn along the circle.
export function compute(data, [angle]) {
  const at = data.angles.indexOf(angle);
  const turn = (angle * Math.PI) / 180;
  const tip = [data.length * Math.cos(turn), data.length * Math.sin(turn)];
  const state = { angle, w_x: [-tip[0], tip[0]], w_y: [-tip[1], tip[1]] };
  for (const [name, values] of Object.entries(data.slopes)) state[name] = values[at];
  for (const [name, far] of [["spectral", 1], ["gaussian", 1.12]]) {
    const end = data.scale * state[name];
    state[`${name}_x`] = [far * tip[0], far * tip[0] - end * Math.sin(turn)];
    state[`${name}_y`] = [far * tip[1], far * tip[1] + end * Math.cos(turn)];
    state[`${name}_tip_x`] = state[`${name}_x`][1];
    state[`${name}_tip_y`] = state[`${name}_y`][1];
  }
  return state;
}

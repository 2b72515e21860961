// Frames rendered when the page was built: the sliders choose one.
export function compute(data, values) {
  const widths = data.controls.map((c) => c.grid.length);
  const cell = values.reduce((sum, v, i) => sum * widths[i] + v, 0);
  // The first picture stands in the markup already and isn't carried twice.
  const state = { cell, image: data.images[data.frame[cell]] || data.shown, words: data.words[cell], error: data.errors[cell] };
  state.alt = state.spoken = data.alts[cell];
  values.forEach((v, i) => { state[`value${i}`] = data.names[i][v]; });
  return state;
}

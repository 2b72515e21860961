// All pairs of columns: the seconds of one core came out of a model fitted in Python; cores share them.
export function compute(data, [columns, cores]) {
  const seconds = data.seconds[data.columns.indexOf(columns)] / cores;
  const fits = data.units.filter(([, size]) => size === 1 || seconds >= 2 * size);
  const [unit, size] = fits[fits.length - 1];
  return {
    columns, cores, pairs: (columns * (columns - 1)) / 2, took: seconds / size, unit,
    on: cores === 1 ? "1 core" : `${cores} cores`,
    word: columns <= data.most ? "as measured runs confirm" : "an extrapolation",
    at: Math.log10(columns), height: Math.log10(seconds),
  };
}

// The informations were counted in Python, by a long run; here each layer gets its place and the path behind it.
const EXACT = "as many as there are numbers";

export function compute(data, [epoch, bins]) {
  const last = data.times.indexOf(epoch);
  const at = data.bins.indexOf(bins);
  const state = { epoch, bins, bins_said: bins === EXACT ? bins : number(Number(bins), "d") };
  for (const [net, times] of Object.entries(data.planes)) {
    const places = times.slice(0, last + 1).map((of) => of[at]);
    const now = places[last];
    now[0].forEach((_, layer) => {
      ["x", "y"].forEach((axis, i) => {
        const path = places.map((place) => place[i][layer]);
        state[`${net}_${axis}${layer + 1}`] = path[last];
        state[`${net}_p${axis}${layer + 1}`] = path;
      });
    });
    state[net] = now[0][now[0].length - 1];
    state[`${net}_first`] = now[0][0];
  }
  return state;
}

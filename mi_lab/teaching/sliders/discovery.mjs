// One hundred tests with p-values that were drawn once: which are called discoveries at a level, each by itself and by
// Benjamini and Hochberg's rule, and how many of those are chance.
export function compute(data, [level, real]) {
  const at = data.reals.indexOf(real), p = data.p[at], linked = data.linked[at], total = p.length;
  let alone = 0, found = 0;
  for (let i = 0; i < total; i++) {
    if (p[i] <= level) alone = i + 1;
    if (p[i] <= (level * (i + 1)) / total) found = i + 1;
  }
  const chance = (count) => count - linked.slice(0, count).reduce((sum, v) => sum + v, 0);
  const part = (wanted) => p.map((v, i) => (linked[i] === wanted ? v : null));
  const wrong = chance(found);
  return {
    level, real, alone, found, alone_wrong: chance(alone), found_wrong: wrong, share: found ? wrong / found : 0,
    ranks: data.ranks, linked: part(1), idle: part(0), ends: [0, total], flat: [level, level], slope: [0, level],
  };
}

// What runs beside the page, so that the page stays alive: reading, all pairs, shuffles. To stop it, it is ended.

const tasks = {
  read({ bytes, options }) {
    try {
      return read(new Uint8Array(bytes), options);
    } catch (e) {
      if (!(e instanceof Trouble)) throw e;
      return { trouble: e.message };
    }
  },
  pairs({ columns, todo }) {
    let found = [], last = performance.now();
    for (const [i, j] of todo) {
      found.push([i, j, judge(columns[i], columns[j])]);
      if (performance.now() - last > 80) {
        postMessage({ found });
        found = [];
        last = performance.now();
      }
    }
    return { found };
  },
  shuffle({ x, y, times, seed }) {
    let last = performance.now();
    const error = errorBar(x, y, mixedRows(together(x, y)[0].values.length, 20, seed + 1));
    return { error, ...shuffles(x, y, times, seed, (done, reached) => {
      if (performance.now() - last < 80) return;
      last = performance.now();
      postMessage({ done, reached });
    }) };
  },
};

onmessage = ({ data }) => postMessage({ ...tasks[data.task](data), over: true });

// Runs the page's own reader and estimators on what stands in the standard input; for test_core.py.
import fs from "node:fs";
import vm from "node:vm";

const { program, tables, pairs, orders } = JSON.parse(fs.readFileSync(0, "utf8"));
// a clock that stands still: nothing is told before the end, however busy the machine
const room = vm.createContext({ performance: { now: () => 0 }, TextDecoder, self: {}, postMessage: () => {} });
const call = (text) => vm.runInContext(text, room);
call("globalThis.self = globalThis");
call(program);
const run = (message) => {
  room.message = message;
  return call("tasks[message.task](message)");
};
const column = ([kind, values]) => ({ kind, name: kind, values: Float64Array.from(values, (v) => v ?? NaN) });
console.log(JSON.stringify({
  tables: tables.map(({ text, options }) => {
    const found = run({ task: "read", bytes: new TextEncoder().encode(text), options });
    for (const c of found.columns ?? []) for (const part of ["numbers", "codes"]) c[part] = [...c[part]];
    return found;
  }),
  pairs: pairs.map(([x, y]) => run({ task: "pairs", columns: [column(x), column(y)], todo: [[0, 1]] }).found[0][2]),
  errors: orders.length ? pairs.map(([x, y]) => {
    Object.assign(room, { x: column(x), y: column(y), orders });
    return call("errorBar(x, y, orders)");
  }) : [],
  mixed: call("mixedRows(7, 3, 1).map((rows) => [...rows])"),
}));

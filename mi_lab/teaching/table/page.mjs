// The page's own part: it shows, asks and listens; what takes time is done by a worker made of the text beside it.

const alive = (root) => {
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const find = (name) => root.querySelector(`[data-part="${name}"]`);
  const source = URL.createObjectURL(new Blob([data.worker], { type: "text/javascript" }));
  const nats = (v) => v.toFixed(3).replace("-", "\u2212");
  const make = (tag, text = "", attributes = {}) => {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  // A name may break after a line or a point in it.
  const broken = (element, text) => {
    element.replaceChildren(...text.split(/(?<=[_./-])/).flatMap((part) => [part, make("wbr")]));
    return element;
  };
  const say = (words) => { find("say").textContent = words; };
  const complain = (words) => { find("trouble").textContent = words; };

  let table = null, bytes = null, name = "", known = new Map(), chosen = null, worker = null;

  // ---- one job at a time ----
  const stop = () => {
    worker?.terminate();
    worker = null;
    find("progress").hidden = true;
  };
  const start = (message, words, { partly, over }) => {
    stop();
    worker = new Worker(source);
    find("doing").textContent = words;
    find("bar").removeAttribute("value");
    find("progress").hidden = false;
    worker.onmessage = ({ data: answer }) => {
      if (!answer.over) return partly?.(answer);
      stop();
      over(answer);
    };
    worker.onerror = (e) => {
      stop();
      complain(`This went wrong, which is a fault of the page: ${e.message}.`);
    };
    worker.postMessage(message);
  };
  const advance = (part) => { find("bar").value = part; };

  // ---- reading ----
  const options = () => ({
    header: find("header").value,
    decimal: find("decimal").value,
    missing: find("missing").value.split(/[;\s]+/).filter(Boolean),
  });
  const take = (buffer, called) => {
    bytes = buffer;
    name = called;
    complain("");
    start({ task: "read", bytes, options: options() }, `Reading ${called} …`, { over: (answer) => {
      if (answer.trouble) {
        say("");
        complain(`${called}: ${answer.trouble}.`);
        return;
      }
      table = answer;
      known = new Map();
      chosen = null;
      root.dataset.full = "";
      const how = [`${table.between} between the cells`, table.header ? "names in the first row" : "no row of names"];
      if (table.comma) how.push("decimal commas");
      if (table.encoding) how.push(`letters as ${table.encoding}`);
      find("read").textContent = `${called}: ${table.rows.toLocaleString("en")} rows, ${table.columns.length} columns; ${how.join(", ")}.`;
      find("notes").replaceChildren(...table.said.map((words) => make("li", `${words[0].toUpperCase()}${words.slice(1)}.`)));
      listColumns();
      estimateAll();
    } });
  };
  const takeFile = async (file) => take(await file.arrayBuffer(), file.name);

  const countKinds = () => {
    const many = ["number", "count", "label", "leave out"].map((kind) => [table.columns.filter((c) => c.kind === kind).length, kind]);
    const words = many.filter(([count]) => count).map(([count, kind]) => (kind === "leave out" ? `${count} left out` : `${count} ${kind}${count > 1 ? "s" : ""}`));
    find("kinds").textContent = `Kinds of columns: ${words.join(", ")}; change them`;
  };
  const listColumns = () => {
    countKinds();
    find("columns").replaceChildren(...table.columns.map((c, j) => {
      const row = make("tr"), kind = make("select", "", { "aria-label": `Kind of ${c.name}` });
      for (const word of ["number", "count", "label", "leave out"]) kind.append(make("option", word));
      kind.value = c.kind;
      kind.addEventListener("change", () => {
        if (kind.value !== "label" && kind.value !== "leave out" && c.bad) {
          const where = `row ${c.first.row}, column “${c.name}”: “${c.first.text}” is no number`;
          if (c.numeric < 8) {
            complain(`${where[0].toUpperCase()}${where.slice(1)}, and only ${c.numeric} cells of that column are: it stays “${c.kind}”.`);
            kind.value = c.kind;
            return;
          }
          complain(`${where[0].toUpperCase()}${where.slice(1)}; ${c.bad === 1 ? "it counts" : `${c.bad} such cells count`} as missing.`);
        } else complain("");
        table.columns[j].kind = kind.value;
        countKinds();
        estimateAll();
      });
      const cell = make("td");
      cell.append(kind);
      const gone = c.missing + (c.kind === "label" ? 0 : c.bad);
      row.append(broken(make("th", "", { scope: "row" }), c.name), cell, make("td", String(c.distinct)), make("td", String(gone)));
      return row;
    }));
  };

  // ---- all pairs ----
  const used = () => table.columns.filter((c) => c.kind !== "leave out");
  const values = (c) => ({ name: c.name, kind: c.kind, values: c.kind === "label" ? c.codes : c.numbers });
  const key = (a, b) => JSON.stringify([a.name, a.kind, b.name, b.kind]);
  const result = (a, b) => known.get(key(a, b)) ?? known.get(key(b, a));

  const estimateAll = () => {
    const columns = used();
    if (columns.length < 2) {
      stop();
      complain("Two columns at least are wanted: give one more of them a kind.");
      find("results").hidden = true;
      return;
    }
    find("results").hidden = false;
    const todo = [];
    columns.forEach((a, i) => columns.slice(i + 1).forEach((b, k) => { if (!result(a, b)) todo.push([i, i + 1 + k]); }));
    drawMatrix(columns);
    if (!todo.length) return finish(columns);
    let done = 0;
    const keep = ({ found }) => {
      for (const [i, j, answer] of found) {
        known.set(key(columns[i], columns[j]), answer);
        fill(columns, i, j);
      }
      done += found.length;
      advance(done / todo.length);
    };
    start({ task: "pairs", columns: columns.map(values), todo }, `Estimating ${todo.length} pairs …`, {
      partly: keep,
      over: (answer) => {
        keep(answer);
        finish(columns);
      },
    });
  };

  const ranked = (columns) => {
    const out = [];
    columns.forEach((a, i) => columns.slice(i + 1).forEach((b) => {
      const r = result(a, b);
      if (r && !Number.isNaN(r.value)) out.push({ a, b, ...r });
    }));
    return out.sort((p, q) => Number(q.infinite ?? 0) - Number(p.infinite ?? 0) || q.value - p.value);
  };

  const finish = (columns) => {
    shade(columns);
    const order = ranked(columns);
    if (!order.length) return say("No pair of columns has enough rows in common.");
    find("strongest").replaceChildren(...order.slice(0, 8).map((r) => {
      const item = make("li"), button = make("button", `${r.a.name} and ${r.b.name}`, { type: "button" });
      button.addEventListener("click", () => choose(r.a.name, r.b.name));
      item.append(button, ` ${r.infinite ? "∞" : nats(r.value)}`);
      return item;
    }));
    for (const side of ["x", "y"]) find(side).replaceChildren(...columns.map((c) => make("option", c.name)));
    const [first] = order;
    const still = chosen && chosen.every((called) => columns.some((c) => c.name === called));
    choose(...(still ? chosen : [first.a.name, first.b.name]), true);
    const words = first.infinite ? "one determines the other" : `${nats(first.value)} nats`;
    say(`${order.length} pairs are estimated. The strongest is ${first.a.name} and ${first.b.name}: ${words}.`);
  };

  let cells = [];
  const drawMatrix = (columns) => {
    const head = make("tr"), grid = find("matrix");
    head.append(make("th", "nats", { scope: "col" }), ...columns.map((c, j) => make("th", String(j + 1), { scope: "col", "aria-label": c.name, title: c.name })));
    cells = columns.map((a, i) => columns.map((b, j) => {
      const cell = make("td", i === j ? "·" : "", { tabindex: i === 0 && j === 1 ? "0" : "-1" });
      if (i === j) cell.setAttribute("aria-label", `${a.name} with itself`);
      cell.addEventListener("click", () => { if (i !== j) choose(a.name, b.name); });
      cell.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
        if (step) {
          const next = cells[i + step[0]]?.[j + step[1]];
          event.preventDefault();
          if (!next) return;
          cell.tabIndex = -1;
          next.tabIndex = 0;
          next.focus();
        } else if ((event.key === "Enter" || event.key === " ") && i !== j) {
          event.preventDefault();
          choose(a.name, b.name);
        }
      });
      return cell;
    }));
    grid.replaceChildren(head, ...columns.map((a, i) => {
      const row = make("tr");
      row.append(broken(make("th", "", { scope: "row" }), `${i + 1} ${a.name}`), ...cells[i]);
      return row;
    }));
    columns.forEach((a, i) => columns.forEach((b, j) => { if (i < j && result(a, b)) fill(columns, i, j); }));
  };
  const fill = (columns, i, j) => {
    const r = result(columns[i], columns[j]), none = Number.isNaN(r.value);
    for (const [p, q] of [[i, j], [j, i]]) {
      cells[p][q].textContent = none ? "–" : r.infinite ? "∞" : r.value.toFixed(2).replace("-", "\u2212").replace(/^(\D?)0\./, "$1.");
      cells[p][q].setAttribute("aria-label", `${columns[p].name} and ${columns[q].name}: ${none ? r.note : r.infinite ? "infinite" : `${nats(r.value)} nats`}`);
    }
  };
  // As dark as the root of the share of the largest: weak pairs can be told from none.
  const shade = (columns) => {
    const most = Math.max(0.05, ...ranked(columns).filter((r) => !r.infinite).map((r) => r.value));
    columns.forEach((a, i) => columns.forEach((b, j) => {
      const r = i === j ? null : result(a, b);
      const part = r && (r.infinite ? 1 : Math.sqrt(Math.max(0, r.value || 0) / most));
      cells[i][j].style.setProperty("--part", `${Math.round(100 * (part ?? 0))}%`);
    }));
  };

  // ---- one pair ----
  const choose = (x, y, silent = false) => {
    chosen = [x, y];
    const columns = used(), [a, b] = chosen.map((called) => columns.find((c) => c.name === called));
    find("x").value = x;
    find("y").value = y;
    cells.forEach((row, i) => row.forEach((cell, j) => {
      const here = (columns[i] === a && columns[j] === b) || (columns[i] === b && columns[j] === a);
      cell.toggleAttribute("data-chosen", here && a !== b);
    }));
    find("chance").textContent = "";
    find("shuffled").replaceChildren();
    find("shuffle").disabled = a === b || !result(a, b) || Number.isNaN(result(a, b).value);
    if (a === b) {
      find("estimate").textContent = "Choose two different columns.";
      find("picture").replaceChildren();
      return;
    }
    const r = result(a, b);
    const how = ["by neighbours (k = 3)", "by neighbours under each label (k = 3)", "by counts, with Miller and Madow’s correction"][r?.labels ?? 0];
    const words = !r ? "This pair was not estimated: the run was stopped."
      : Number.isNaN(r.value) ? `No estimate: ${r.note}.`
        : r.infinite ? `I(${x}; ${y}): ${r.note}; ${how} the number would be ${nats(r.value)} nats, of ${r.n.toLocaleString("en")} rows.`
          : `I(${x}; ${y}) ≈ ${nats(r.value)} nats ${how}, from ${r.n.toLocaleString("en")} rows${r.n < table.rows ? ` (${(table.rows - r.n).toLocaleString("en")} lack one of the two)` : ""}.${r.note ? ` ${r.note[0].toUpperCase()}${r.note.slice(1)}.` : ""}`;
    find("estimate").textContent = words;
    if (!silent) say(words);
    scatter(a, b);
  };

  const SVG = "http://www.w3.org/2000/svg";
  const draw = (tag, attributes, text = "") => {
    const element = document.createElementNS(SVG, tag);
    for (const [k, value] of Object.entries(attributes)) element.setAttribute(k, value);
    element.textContent = text;
    return element;
  };
  const short = (text, most = 14) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  // Where a column's values lie on an axis from 0 to 1, and what stands beside it; labels are spread around their place.
  const axis = (c) => {
    const v = values(c).values;
    if (c.kind === "label") {
      const count = c.distinct, spread = Math.min(0.7 / count, 0.2);
      const place = (code) => (code + 0.5) / count;
      const marks = c.levels.slice(0, count).map((level, code) => [place(code), short(level, 10)]);
      return { at: (i, wobble) => place(v[i]) + spread * (wobble - 0.5), marks: count > 12 ? [] : marks };
    }
    let low = Infinity, high = -Infinity;
    for (const value of v) if (!Number.isNaN(value)) { low = Math.min(low, value); high = Math.max(high, value); }
    const room = high - low || 1, words = (value) => String(Number(value.toPrecision(3))).replace("-", "\u2212");
    const middle = (low + high) / 2;
    return { at: (i) => 0.03 + (0.94 * (v[i] - low)) / room, marks: [low, middle, high].map((value) => [0.03 + (0.94 * (value - low)) / room, words(value)]) };
  };
  const scatter = (a, b) => {
    const [W, H, left, bottom, room] = [460, 340, 78, 44, 10], x = axis(a), y = axis(b);
    const px = (t) => (left + t * (W - left - room)).toFixed(1), py = (t) => (H - bottom - t * (H - bottom - room)).toFixed(1);
    const va = values(a).values, vb = values(b).values, n = va.length, step = Math.max(1, n / 4000);
    let d = "", shown = 0, wobble = 0.5;
    for (let s = 0; s < n; s += step) {
      const i = Math.floor(s);
      if (Number.isNaN(va[i]) || Number.isNaN(vb[i])) continue;
      wobble = (wobble + 0.6180339887) % 1;
      d += `M${px(x.at(i, wobble))} ${py(y.at(i, (wobble * 7.3) % 1))}h0`;
      shown++;
    }
    const svg = draw("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${b.name} against ${a.name}, ${shown} rows as points` });
    svg.append(draw("path", { class: "mi-axes", d: `M${left} ${room}V${H - bottom}H${W - room}` }));
    for (const [t, words] of x.marks) svg.append(draw("text", { x: px(t), y: H - bottom + 17, "text-anchor": t > 0.9 ? "end" : "middle" }, words));
    for (const [t, words] of y.marks) svg.append(draw("text", { x: left - 6, y: Number(py(t)) + 4, "text-anchor": "end" }, words));
    svg.append(draw("text", { class: "mi-of", x: (left + W) / 2, y: H - 8, "text-anchor": "middle" }, short(a.name, 40)));
    svg.append(draw("text", { class: "mi-of", transform: `translate(14 ${(H - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, short(b.name, 34)));
    svg.append(draw("path", { class: shown > 600 ? "mi-points mi-many" : "mi-points", d }));
    const words = shown < n - 1 && step > 1 ? `Shown: ${shown.toLocaleString("en")} of the rows.` : "";
    find("picture").replaceChildren(svg, make("p", words));
  };

  // ---- chance ----
  const shuffle = () => {
    const columns = used(), [a, b] = chosen.map((called) => columns.find((c) => c.name === called));
    const times = Number(find("times").value);
    complain("");
    start({ task: "shuffle", x: values(a), y: values(b), times, seed: 1 }, `Shuffling ${b.name} ${times} times …`, {
      partly: ({ done, reached }) => {
        advance(done / times);
        find("chance").textContent = `After ${done} shuffles: ${reached} gave as much.`;
      },
      over: ({ done, reached, here, values: strange, error }) => {
        const shown = find("estimate"), same = chosen[0] === a.name && chosen[1] === b.name;
        if (same && error === error && !result(a, b).infinite && !shown.textContent.includes("standard error")) {
          shown.textContent += ` One standard error, from halves of the rows, is ± ${nats(error)} nats.`;
        }
        const p = (reached + 1) / (done + 1);
        const words = `${reached ? `${reached} of ${done} shuffles` : `None of ${done} shuffles`} of ${b.name} gave as much as ${nats(here)} nats: p = ${p.toFixed(3)}. The shuffles lie between ${nats(Math.min(...strange))} and ${nats(Math.max(...strange))} nats.`;
        find("chance").textContent = words;
        say(words);
        histogram(strange, here);
      },
    });
  };
  const histogram = (strange, here) => {
    const [W, H, base] = [460, 130, 104], low = Math.min(here, ...strange), high = Math.max(here, ...strange), room = high - low || 1;
    const bars = new Array(40).fill(0), px = (v) => 20 + ((v - low) / room) * (W - 40);
    for (const v of strange) bars[Math.min(39, Math.floor(((v - low) / room) * 40))]++;
    const most = Math.max(...bars), wide = (W - 40) / 40;
    const d = bars.map((count, k) => (count ? `M${(20 + k * wide).toFixed(1)} ${base}v${(-80 * count / most).toFixed(1)}h${(wide - 1).toFixed(1)}V${base}z` : "")).join("");
    const svg = draw("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `Estimates of ${strange.length} shuffles as bars, that of the table as a line` });
    svg.append(draw("path", { class: "mi-bars", d }), draw("path", { class: "mi-axes", d: `M20 ${base}H${W - 20}` }), draw("path", { class: "mi-here", d: `M${px(here).toFixed(1)} ${base}V14` }));
    const side = px(here) > W / 2;
    svg.append(draw("text", { class: "mi-of", x: px(here) + (side ? -6 : 6), y: 22, "text-anchor": side ? "end" : "start" }, "your table"));
    svg.append(draw("text", { x: 20, y: base + 18 }, `${nats(low)} nats`), draw("text", { x: W - 20, y: base + 18, "text-anchor": "end" }, nats(high)));
    find("shuffled").replaceChildren(svg);
  };

  // ---- what a reader does ----
  find("file").addEventListener("change", (event) => { if (event.target.files[0]) takeFile(event.target.files[0]); });
  find("example").addEventListener("click", () => take(new TextEncoder().encode(data.example.text).buffer, data.example.name));
  find("paste").addEventListener("click", () => take(new TextEncoder().encode(find("text").value).buffer, "The pasted table"));
  for (const part of ["header", "decimal", "missing"]) find(part).addEventListener("change", () => { if (bytes) take(bytes, name); });
  for (const side of ["x", "y"]) find(side).addEventListener("change", () => choose(find("x").value, find("y").value));
  find("shuffle").addEventListener("click", shuffle);
  find("stop").addEventListener("click", () => {
    stop();
    say("Stopped.");
    if (table && used().length > 1) finish(used());
  });
  const drop = find("drop");
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.dataset.over = ""; });
  drop.addEventListener("dragleave", () => { delete drop.dataset.over; });
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    const { files } = event.dataTransfer, text = event.dataTransfer.getData("text");
    if (files[0]) takeFile(files[0]);
    else if (text) take(new TextEncoder().encode(text).buffer, "The dropped table");
  });
  root.querySelectorAll("[disabled]").forEach((e) => { if (e !== find("shuffle")) e.disabled = false; });
};

document.querySelectorAll(".mi-table").forEach(alive);

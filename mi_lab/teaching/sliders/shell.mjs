// What all explorers share: the moving parts of a picture say themselves (data-draw, data-of) what they draw, and this
// shell draws them again from what an explorer's own `compute(data, values)` returns: its mathematics and nothing else.

const roundHalfUp = (value, digits) => Math.floor(value * 10 ** digits + 0.5) / 10 ** digits;

function number(value, form) {
  if (!form) return String(value);
  if (!Number.isFinite(value)) return "undefined";
  const percent = form.endsWith("%");
  const digits = form === "d" ? 0 : parseInt(form.slice(1), 10);
  const parts = roundHalfUp(percent ? value * 100 : value, digits).toFixed(digits).replace("-", "\u2212").split(".");
  parts[0] = parts[0].replace(/\B(?=(\d{3})+$)/g, ",");
  const text = parts.join(".");
  return percent ? text + "\u202f%" : text;
}

export const fill = (template, state) =>
  template.replace(/\{(\w+)(?::([^}|]*))?(?:\|(\w+))?\}/g, (_, name, form) => number(state[name], form));

const pixel = (a, b, value) => String(roundHalfUp(a + b * value, 1));

const points = (state, key) => [key in state ? state[key] : Number(key)].flat();

export function path(kind, [ax, bx, ay, by], state, keys) {
  const columns = keys.map((key) => points(state, key));
  const length = Math.max(...columns.map((column) => column.length));
  const rows = Array.from({ length }, (_, i) => {
    const row = columns.map((column) => (column.length === 1 ? column[0] : column[i]));
    return row.every((v) => v !== null && Number.isFinite(v)) ? row : null;
  });
  const x = (v) => pixel(ax, bx, v);
  const y = (v) => pixel(ay, by, v);
  if (kind === "dots") return rows.map((r) => (r ? `M${x(r[0])} ${y(r[1])}h0` : "")).join("");
  if (kind === "boxes") {
    return rows.map((r) => (r ? `M${x(r[0])} ${y(r[2])}H${x(r[1])}V${y(r[3])}H${x(r[0])}z` : "")).join("");
  }
  const out = rows.map((r, i) => (r ? `${i && rows[i - 1] ? "L" : "M"}${x(r[0])} ${y(r[1])}` : "")).join("");
  if (kind !== "area" || !out) return out;
  const base = [rows[rows.length - 1], rows[0]].map((r) => `L${x(r[2])} ${y(r[3])}`);
  return out + base.join("") + "z";
}

function draw(root, state) {
  for (const part of root.querySelectorAll("[data-draw]")) {
    const { draw: kind, of = "", text } = part.dataset;
    if (kind === "image") {
      part.src = state.image;
      part.alt = state.alt;
      continue;
    }
    const scale = part.parentNode.dataset.scale.split(" ").map(Number);
    const keys = of.split(" ");
    if (kind === "note") {
      const [px, py] = keys.map((key) => points(state, key)[0]);
      part.setAttribute("x", pixel(scale[0], scale[1], px));
      part.setAttribute("y", pixel(scale[2], scale[3], py));
      part.textContent = fill(text, state);
    } else part.setAttribute("d", path(kind, scale, state, keys));
  }
  for (const part of root.querySelectorAll("[data-fill]")) part.textContent = fill(part.dataset.fill, state);
}

const nearest = (grid, value) => {
  const at = grid.indexOf(value);
  if (at >= 0 || typeof value !== "number") return Math.max(at, 0);
  return grid.reduce((best, v, i) => (Math.abs(v - value) < Math.abs(grid[best] - value) ? i : best), 0);
};

// Buttons that move a control by themselves. Who wants no motion gets one picture for each press.
function player(root, { grid, play: words }, input, say) {
  const [run, step, again] = root.querySelectorAll(".mi-play button");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const last = grid.length - 1;
  let timer = 0;
  const name = () => { run.textContent = timer ? words.pause : calm.matches ? words.calm : words.run; };
  const go = (to) => {
    input.value = Math.min(to, last);
    input.dispatchEvent(new Event("input"));
  };
  const pause = () => {
    if (!timer) return;
    clearInterval(timer);
    timer = 0;
    name();
    say();
  };
  run.addEventListener("click", () => {
    if (timer) { pause(); return; }
    const at = Number(input.value) < last ? Number(input.value) : 0;
    if (calm.matches) {
      go(at + words.leap);
      say();
      return;
    }
    go(at + 1);
    timer = setInterval(() => {
      if (document.hidden || !root.isConnected || Number(input.value) >= last) pause();
      else go(Number(input.value) + 1);
    }, 50);
    name();
  });
  step.addEventListener("click", () => { pause(); go(Number(input.value) + 1); say(); });
  again.addEventListener("click", () => { pause(); go(0); say(); });
  input.addEventListener("input", (event) => { if (event.isTrusted) pause(); });
  addEventListener("beforeprint", pause);
  calm.addEventListener("change", () => { pause(); name(); });
  for (const button of [run, step, again]) button.disabled = false;
  name();
}

// Bring one block to life. With a model (live notebook) its traits and the sliders follow each other.
function enliven(root, data, model) {
  root.dataset.alive = "";
  data.shown = root.querySelector("img[data-draw]")?.src;
  const inputs = [...root.querySelectorAll("input[type=range]")];
  const values = data.controls.map((c) => (model ? model.get(c.name) : c.start));
  const show = () => {
    const state = compute(data, values);
    draw(root, state);
    inputs.forEach((input, i) => {
      const { grid, spoken } = data.controls[i];
      const at = nearest(grid, values[i]);
      if (Number(input.value) !== at) input.value = at;
      input.style.setProperty("--mi-filled", `${(100 * at) / Math.max(1, grid.length - 1)}%`);
      input.setAttribute("aria-valuetext", fill(spoken, state));
    });
  };
  let due = 0;
  const soon = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(show);
  };
  inputs.forEach((input, i) => {
    const { name, grid } = data.controls[i];
    input.disabled = false;
    input.addEventListener("input", () => {
      values[i] = grid[Number(input.value)];
      if (model) {
        model.set(name, values[i]);
        model.save_changes();
      }
      soon();
    });
    model?.on(`change:${name}`, () => {
      if (values[i] === model.get(name)) return;
      values[i] = model.get(name);
      soon();
    });
  });
  show();
  grips(root, data, inputs);
  const status = root.querySelector(".mi-status");
  const say = () => { status.textContent = fill(data.controls[0].spoken, compute(data, values)); };
  if (status) player(root, data.controls[0], inputs[0], say);
  printable(root, data);
}

// A handle is a point of the picture that one drags; the sliders follow, as if they had been moved themselves.
function grips(root, data, inputs) {
  for (const part of root.querySelectorAll("[data-drag]")) {
    const [ax, bx, ay, by] = part.parentNode.dataset.scale.split(" ").map(Number);
    const follow = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(part.getScreenCTM().inverse());
      const place = { x: (at.x - ax) / bx, y: (at.y - ay) / by };
      for (const [axis, name, base] of part.dataset.drag.split(" ").map((word) => word.split(":"))) {
        const i = data.controls.findIndex((c) => c.name === name);
        inputs[i].value = nearest(data.controls[i].grid, base ? Number(base) ** place[axis] : place[axis]);
        inputs[i].dispatchEvent(new Event("input", { bubbles: true }));
      }
    };
    part.addEventListener("pointerdown", (event) => {
      part.setPointerCapture(event.pointerId);
      follow(event);
    });
    part.addEventListener("pointermove", (event) => part.hasPointerCapture(event.pointerId) && follow(event));
  }
}

// Paper can't be dragged: printing shows a row of pictures, the first control at a few of its values.
function printable(root, data) {
  const row = root.querySelector(".mi-row");
  const originals = root.querySelectorAll(":scope > .mi-panels, :scope > .mi-words");
  const emptyRow = () => row.replaceChildren();
  const fillRow = () => {
    emptyRow();
    for (const value of data.print) {
      const frame = document.createElement("div");
      frame.className = "mi-sheet";
      for (const part of originals) frame.append(part.cloneNode(true));
      draw(frame, compute(data, [value, ...data.controls.slice(1).map((c) => c.start)]));
      row.append(frame);
    }
  };
  const media = matchMedia("print");
  media.addEventListener("change", () => (media.matches ? fillRow() : emptyRow()));
  addEventListener("beforeprint", fillRow);
  addEventListener("afterprint", emptyRow);
  if (media.matches) fillRow();
}

// On a page the blocks wait in the document; a notebook calls render with a model.
for (const root of document.querySelectorAll(`.mi-explorer[data-kind="${kind}"]:not([data-alive])`)) {
  enliven(root, JSON.parse(root.querySelector("script[type='application/json']").textContent));
}

export default {
  render({ model, el }) {
    el.innerHTML = model.get("_markup");
    const root = el.querySelector(".mi-explorer");
    enliven(root, model.get("_data"), model);
  },
};

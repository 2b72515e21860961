// The forms of a page's exercises. Answers stay in this browser; the exercises page forgets them (reader.js).
const KEPT = "mi-lab-answers";
const kept = () => { try { return JSON.parse(localStorage.getItem(KEPT)) ?? {}; } catch { return {}; } };
const keep = (id, answer) => {
  try { localStorage.setItem(KEPT, JSON.stringify({ ...kept(), [id]: answer })); } catch { /* nothing is kept */ }
};

const mix = (text, seed) => {
  let h = (2166136261 ^ seed) >>> 0;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 16777619) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
  return (h ^ (h >>> 16)) >>> 0;
};
const hex = (n) => n.toString(16).padStart(8, "0");
const decipher = (text, key) => {
  const bytes = Uint8Array.from(atob(text), (c, i) => c.charCodeAt(0) ^ (mix(key, i + 3) & 255));
  return new TextDecoder().decode(bytes);
};
const ofChoice = (task, chosen) => {
  if (!chosen.length) return ["?", "Choose first."];
  const key = `${task.id}|${[...chosen].sort().join("")}`;
  const found = decipher(task.table[hex(mix(key, 1)) + hex(mix(key, 2))], key);
  return [found[0], found.slice(1)];
};

// ---- a number as people write it: the same rules as in numbers.py, tested on one table ----
const SIGNS = [["**", "^"], ..."\u2212\u2013\ufe63\uff0d".split("").map((c) => [c, "-"]), ..."·⋅∙×".split("").map((c) => [c, "*"]),
  ..."⁄∕÷".split("").map((c) => [c, "/"]), ..."\u00a0\u2009\u202f".split("").map((c) => [c, " "]), ["’", "'"], ["_", "'"]];
const VULGAR = { "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅛": "1/8" };
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺";
const UNITS = { nat: "nats", nats: "nats", bit: "bits", bits: "bits" };
const FINITE = "A finite number is wanted.";
const ROUNDED = "Right as far as it goes, but rounded too much: keep more digits.";
const plainly = (text) => {
  let out = text.trim().toLowerCase();
  for (const [sign, plain] of SIGNS) out = out.replaceAll(sign, plain);
  out = out.replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+/g, (run) => "^" + [...run].map((c) => "0123456789-+"[RAISED.indexOf(c)]).join(""));
  for (const [sign, plain] of Object.entries(VULGAR)) {
    out = out.replace(new RegExp(`(\\d)?\\s*${sign}`, "g"), (_, d) => (d ? `${d} ${plain}` : plain));
  }
  out = out.replace(/(\d)\s*x\s*(?=10\^)/g, "$1*").replace(/\s*([*/^])\s*/g, "$1");
  return out.replace(/\s+/g, " ").replace(/^[=≈~]\s*|(?<=[-+])\s+|\s+$/g, "");
};
const literal = (text) => {
  let m = /^(\d{1,3}(?:[ ']\d{3})+)(?:[.,](\d+))?$/.exec(text);
  if (m) return [Number(`${m[1].replace(/[ ']/g, "")}.${m[2] ?? "0"}`)];
  m = /^(\d{1,3}(?:,\d{3})+)(\.\d*)?$/.exec(text);
  if (m) {
    const many = Number(text.replaceAll(",", ""));
    if (m[2] !== undefined || m[1].split(",").length > 2) return [many];
    return text[0] === "0" ? [Number(text.replace(",", "."))] : [many, many / 1000];
  }
  m = /^(?:(\d{1,3}(?:\.\d{3})+),(\d+)|(\d{1,3}(?:\.\d{3}){2,}))$/.exec(text);
  if (m) return [Number(`${(m[1] ?? m[3]).replaceAll(".", "")}.${m[2] ?? "0"}`)];
  return /^(?:\d+[.,]?\d*|[.,]\d+)(?:e[-+]?\d+)?$/.test(text) ? [Number(text.replace(",", "."))] : [];
};
const term = (text) => {
  const m = /^([\d.,' ]*\d[.,]?(?:e[-+]?\d+)?|e(?=\^))(?:\^(?:([-+]?[\d.]+)|\(([-+]?[\d.]+)\)))?$/.exec(text);
  if (!m) return [];
  const bases = m[1] === "e" ? [Math.E] : literal(m[1]), power = m[2] ?? m[3];
  if (power === undefined) return bases;
  return Number.isNaN(Number(power)) ? [] : bases.map((base) => base ** Number(power));
};
const expression = (text) => {
  const mixed = /^([-+]?)(\d+) (\d+)\/(\d+)$/.exec(text);
  if (mixed) return [Number(`${mixed[1]}1`) * (Number(mixed[2]) + Number(mixed[3]) / Number(mixed[4]))];
  const signed = "-+".includes(text[0] ?? " "), pieces = (signed ? text.slice(1) : text).split(/([*/])/);
  let found = term(pieces[0]);
  for (let i = 2; i < pieces.length; i += 2) {
    const next = term(pieces[i]);
    found = found.flatMap((x) => next.map((y) => (pieces[i - 1] === "*" ? x * y : x / y)));
  }
  return found.map((x) => (text[0] === "-" ? -x : x));
};
const factorOf = (word, unit) => {
  if (word === "%") return [0.01, ""];
  const [first] = word.split(/[\s.,;:?!]/);
  if (unit === "nats" || unit === "bits") {
    const given = UNITS[first] ?? (word ? "" : unit);
    if (!given) return [1, `Which unit is “${word}”? Write nats, bits, or nothing after the number.`];
    return [given === unit ? 1 : unit === "nats" ? Math.LN2 : 1 / Math.LN2, ""];
  }
  return [1, UNITS[first] ? `This number has no unit: write it without “${first}”.` : ""];
};
const readNumber = (text, unit) => {
  const plain = plainly(text);
  if (/^[-+]?(?:∞|inf|infinity|infinite|nan)\.?$/.test(plain)) return { ask: FINITE };
  const tail = /(%|\p{L}\D*)$/u.exec(plain);
  const readings = expression(tail ? plain.slice(0, tail.index).trim() : plain);
  if (!readings.length) return { ask: "One number is wanted, like 0.25 or 3/4." };
  const [factor, ask] = factorOf(tail ? tail[1].trim() : "", unit);
  if (ask) return { ask };
  const values = readings.map((x) => x * factor);
  return values.every(Number.isFinite) ? { values } : { ask: FINITE };
};
const shown = (x) => {
  const size = Math.abs(x);
  const text = x === 0 || (size >= 1e-6 && size < 1e15) ? String(Number(x.toPrecision(6))) : x.toExponential(5).replace("e+", "e+");
  return text.replace(/^-/, "\u2212");
};
const ofNumber = (task, typed) => {
  const read = readNumber(typed, task.unit);
  if (read.ask) return ["?", read.ask];
  const known = JSON.parse(decipher(task.data, task.id)), [value, tolerance] = known[0];
  const all = read.values.map((x) => {
    const near = ([v, tol]) => Math.abs(x - v) <= tol;
    const hit = near(known[0]) ? known[0] : known.filter(near).sort((a, b) => Math.abs(x - a[0]) - Math.abs(x - b[0]))[0];
    if (hit) return [hit[2] ? "right" : "known", [String(hit[2]), hit[3]]];
    if (x && [1, 2, 3].some((digits) => Math.abs(x - +value.toFixed(digits)) < 1e-9)) return ["other", ["0", ROUNDED]];
    if (Math.abs(x - value) <= 5 * tolerance) return ["other", ["0", "Close, but not within the tolerance: keep more digits."]];
    return ["other", ["0", `Not yet: ${shown(x)} is too ${x > value ? "large" : "small"}.`]];
  });
  for (const kind of ["right", "known"]) {
    const found = all.filter(([k]) => k === kind);
    if (found.length === 1) return found[0][1];
  }
  const [many, few] = read.values.map(shown);
  if (all.length === 1) return all[0][1];
  return ["?", `Does “${typed.trim()}” mean ${many} or ${few}? Write it without the comma, or with a point.`];
};

// ---- the choices of the text become the buttons ----
const choices = (form) => {
  const letter = (li) => /^([a-z])\.$/.exec(li.querySelector("strong")?.textContent.trim() ?? "")?.[1];
  for (let e = (form.closest(".cell") ?? form).previousElementSibling; e && !/^H\d$/.test(e.tagName); e = e.previousElementSibling) {
    if (e.matches("ul") && e.children.length && [...e.children].every(letter)) return [e, letter];
  }
  return [null, letter];
};
const upgrade = (form) => {
  const [list, letter] = choices(form);
  const inside = form.querySelectorAll("label:has(input[name=answer])");
  if (!list || !inside.length) return;  // done already, or no such list: a deck shows the letters alone
  const legend = form.querySelector("legend");
  legend.id = `${form.id}-legend`;
  const several = inside[0].querySelector("input").type === "checkbox";
  list.setAttribute("role", several ? "group" : "radiogroup");
  list.setAttribute("aria-labelledby", legend.id);
  list.classList.add("mi-options");
  for (const li of list.children) {
    const label = document.createElement("label"), words = document.createElement("span");
    const input = inside[0].querySelector("input").cloneNode();
    input.value = letter(li);
    input.setAttribute("form", form.id);
    const holder = li.querySelector(":scope > p") ?? li;
    words.append(...holder.childNodes);
    label.append(input, words);
    holder.append(label);
    li.setAttribute("role", "presentation");
  }
  inside.forEach((label) => label.remove());
};

const attach = (form) => {
  if (form.dataset.attached) return;
  form.dataset.attached = "1";
  const task = JSON.parse(form.querySelector('script[type="application/json"]').textContent);
  const verdict = form.querySelector(".mi-verdict");
  if (task.kind === "choice") upgrade(form);
  const fields = () => [...form.elements].filter((e) => e.name === "answer");
  const given = () => new FormData(form).getAll("answer").map(String);
  const say = (answer) => {
    const [right, text] = task.kind === "choice" ? ofChoice(task, answer) : ofNumber(task, answer[0] ?? "");
    verdict.dataset.right = right;
    verdict.textContent = `${{ 1: "✓", 0: "✗", "?": "?" }[right]} ${text}`;  // a question is no verdict
    return right;
  };
  const fill = (answer) => {
    for (const field of fields()) {
      if (field.type === "text") field.value = answer[0] ?? "";
      else field.checked = answer.includes(field.value);
    }
  };
  const tell = (right) => form.dispatchEvent(new CustomEvent("mi-answer", { bubbles: true, detail: { id: form.id, right } }));
  const before = kept()[form.id];
  if (before) {
    fill(before.given);
    tell(task.kind === "code" ? "1" : say(before.given));
  }
  if (task.kind === "code") {
    form.addEventListener("change", () => {
      const done = given().length > 0;
      keep(form.id, done ? { given: given(), right: "1" } : undefined);
      tell(done ? "1" : "");
    });
    return;
  }
  for (const field of fields()) {
    field.addEventListener("input", () => {  // a verdict belongs to the answer that it was given to
      verdict.textContent = "";
      delete verdict.dataset.right;
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const answer = given();
    const right = say(answer);
    if (!answer.some((text) => text.trim())) return;
    keep(form.id, { given: answer, right });
    tell(right);
  });
};
document.querySelectorAll("form.mi-check").forEach(attach);

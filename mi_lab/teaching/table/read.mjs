// Text to columns: Papa Parse cuts it into cells, here cells become numbers or labels. What is wrong is said with its
// row, counted as a spreadsheet does, and its column.

const MISSING = new Set(["", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?", "."]);
const MOST = { rows: 50000, columns: 60, bytes: 50e6 };
const POINT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, POINT_MARKS = /^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/;
const COMMA = /^[+-]?(\d+,?\d*|,\d+)(e[+-]?\d+)?$/i, COMMA_MARKS = /^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$/;
const DATE = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$/;

class Trouble extends Error {}

function decoded(bytes) {
  const [a, b, c, d] = bytes, is = (...magic) => magic.every((byte, i) => bytes[i] === byte);
  if (is(0x50, 0x4b)) throw new Trouble("this is a spreadsheet or a zip file, not a table of text: save it as CSV there, or copy the cells and paste them here");
  if (is(0x1f, 0x8b)) throw new Trouble("this file is compressed (gzip): unpack it first");
  if (is(0x50, 0x41, 0x52, 0x31)) throw new Trouble("this is a Parquet file: save it as CSV first");
  if (a === 0xff && b === 0xfe) return [new TextDecoder("utf-16le").decode(bytes), "UTF-16"];
  if (a === 0xfe && b === 0xff) return [new TextDecoder("utf-16be").decode(bytes), "UTF-16"];
  if (bytes.subarray(0, 4096).includes(0)) throw new Trouble("this file holds no text: wanted a table with commas, semicolons or tabs (CSV)");
  try {
    return [new TextDecoder("utf-8", { fatal: true }).decode(bytes), ""];
  } catch {
    return [new TextDecoder("windows-1252").decode(bytes), "Latin-1"];
  }
}

const clean = (cell) => cell.trim().replace(/^\u2212/, "-");

// The number that a cell means, NaN if it means none.
function number(text, comma) {
  if (comma) {
    if (COMMA.test(text)) return Number(text.replace(",", "."));
    if (COMMA_MARKS.test(text)) return Number(text.replaceAll(".", "").replace(",", "."));
    if (!POINT.test(text)) return day(text);
    return Number(text);
  }
  if (POINT.test(text)) return Number(text);
  if (POINT_MARKS.test(text)) return Number(text.replaceAll(",", ""));
  return day(text);
}

const day = (text) => DATE.test(text) ? Date.parse(/Z|[+-]\d\d:?\d\d$/.test(text.slice(10)) ? text : `${text.replace(" ", "T")}${text.length > 10 ? "Z" : ""}`) / 864e5 : NaN;

function cut(text) {
  const found = Papa.parse(text, { delimitersToGuess: [",", ";", "\t", "|"] });
  const open = found.errors.find((e) => e.type === "Quotes");
  if (open) throw new Trouble(`row ${open.row + 1}: a quotation mark is opened and not closed as it should be; look at that row, or at the one before it`);
  let rows = found.data, delimiter = found.meta.delimiter;
  const full = rows.filter((row) => row.some((cell) => cell.trim()));
  if (full.length && full.every((row) => row.length === 1)) { // blanks between the cells, as R and SPSS write them
    const width = full[0][0].trim().split(/\s+/).length;
    if (width > 1 && full.every(([cell]) => cell.trim().split(/\s+/).length === width)) {
      rows = rows.map(([cell]) => cell.trim().split(/\s+/));
      delimiter = " ";
    }
  }
  const numbered = rows.map((cells, i) => [i + 1, cells]).filter(([, cells]) => cells.some((cell) => cell.trim()));
  return [numbered.filter(([, cells]) => !(cells[0].startsWith("#") && numbered.length > 1 && cells.length < (full.at(-1)?.length ?? 0))), delimiter];
}

function rectangular(rows) {
  const lengths = new Map();
  for (const [, cells] of rows) lengths.set(cells.length, (lengths.get(cells.length) ?? 0) + 1);
  const width = rows[0][1].length, common = [...lengths].sort((p, q) => q[1] - p[1])[0][0];
  const wanted = rows.length > 2 && lengths.get(width) === 1 ? common : width;
  return [wanted, rows.map(([line, cells]) => {
    const spare = cells.slice(wanted);
    if (cells.length >= wanted && spare.every((cell) => !cell.trim())) return [line, cells.slice(0, wanted)];
    throw new Trouble(`row ${line} has ${cells.length} ${cells.length === 1 ? "cell" : "cells"}, wanted ${wanted} as in ${wanted === width ? `row ${rows[0][0]}` : "the others"}: look for a separator too many or too few, or a text with commas that wants quotation marks`);
  })];
}

const quoted = (name) => `“${name}”`;

function column(name, cells, lines, options) {
  const n = cells.length, numbers = new Float64Array(n), codes = new Float64Array(n), levels = new Map();
  let missing = 0, numeric = 0, bad = 0, first = null;
  cells.forEach((cell, i) => {
    if (MISSING.has(cell.toLowerCase()) || options.missing.has(cell)) {
      numbers[i] = codes[i] = NaN;
      missing++;
      return;
    }
    numbers[i] = number(cell, options.comma);
    if (Number.isFinite(numbers[i])) numeric++;
    else {
      numbers[i] = NaN;
      bad++;
      first ??= { row: lines[i], text: cell };
    }
    if (!levels.has(cell)) levels.set(cell, levels.size);
  });
  // labels in their order, as numbers if they are numbers
  const sorted = [...levels.keys()].sort((a, b) => (bad ? (a < b ? -1 : 1) : number(a, options.comma) - number(b, options.comma)));
  const order = new Map(sorted.map((level, code) => [level, code]));
  cells.forEach((cell, i) => { if (!Number.isNaN(codes[i])) codes[i] = order.get(cell); });
  return { name, numbers, codes, levels: sorted.slice(0, 40), distinct: levels.size, missing, numeric, bad, first, n };
}

// Which kind a column is by its looks, and what there is to say about it.
function guess(c) {
  const seen = c.n - c.missing;
  if (!seen) return ["leave out", `${quoted(c.name)} is empty`];
  if (c.bad) {
    if (c.numeric > 0.9 * seen) {
      const rest = c.bad > 1 ? ` and ${c.bad - 1} more` : "";
      return ["number", `row ${c.first.row}, column ${quoted(c.name)}: ${quoted(c.first.text)} is no number; it counts as missing${rest ? `, as ${c.bad - 1} more do` : ""}`];
    }
    return c.distinct > seen / 2 && c.distinct > 20
      ? ["leave out", `${quoted(c.name)} is left out: nearly every row has its own, so these are names rather than labels`]
      : ["label", ""];
  }
  const values = c.numbers.filter((v) => !Number.isNaN(v)).sort();
  if (values.every(Number.isInteger) && c.distinct === seen && values.at(-1) - values[0] === seen - 1 && seen > 20)
    return ["leave out", `${quoted(c.name)} is left out: it counts the rows`];
  return [values.every(Number.isInteger) && c.distinct < seen ? "count" : "number", sentinel(c.name, values)];
}

// A value that comes back again and again, farther from all others than they are from one another.
function sentinel(name, values) {
  for (const [mark, rest] of [[values[0], values.filter((v) => v !== values[0])], [values.at(-1), values.filter((v) => v !== values.at(-1))]]) {
    const times = values.length - rest.length, room = rest.at(-1) - rest[0];
    const apart = Math.min(Math.abs(mark - rest[0]), Math.abs(mark - rest.at(-1)));
    if (times >= 3 && rest.length > 10 && Math.abs(mark) >= 99 && apart > room && room > 0)
      return `${quoted(name)} holds ${mark} ${times} times, far from all its other values: if that means “missing”, write it below under “also missing”`;
  }
  return "";
}

function read(bytes, options) {
  if (bytes.length > MOST.bytes) throw new Trouble(`this file has ${Math.round(bytes.length / 1e6)} MB: this page takes up to ${MOST.bytes / 1e6}`);
  const [text, encoding] = decoded(bytes), said = [];
  if (!text.trim()) throw new Trouble("there is nothing in it: wanted a row of names and below it at least 8 rows of cells");
  const [found, delimiter] = cut(text);
  const [width, rows] = rectangular(found);
  if (width < 2) throw new Trouble(`row ${rows[0][0]} has only one cell: wanted at least two columns, with commas, semicolons or tabs between them`);
  const points = (cell) => POINT.test(clean(cell)) || COMMA.test(clean(cell));
  const header = options.header === "guess" ? !rows[0][1].some(points) : options.header === "yes";
  const names = header ? rows[0][1].map((cell, i) => cell.trim() || `column ${i + 1}`) : rows[0][1].map((_, i) => `column ${i + 1}`);
  names.forEach((name, i) => { while (names.indexOf(names[i]) < i) names[i] = `${names[i]} (again)`; });
  let body = header ? rows.slice(1) : rows;
  if (body.length < LEAST) throw new Trouble(`there are ${body.length} rows${header ? " below the names" : ""}: wanted at least ${LEAST}`);
  const all = body.length;
  if (all > MOST.rows) {
    body = Array.from({ length: MOST.rows }, (_, i) => body[Math.floor((i * all) / MOST.rows)]);
    said.push(`of ${all.toLocaleString("en")} rows ${MOST.rows.toLocaleString("en")} are used, evenly spaced`);
  }
  const comma = options.decimal === "guess"
    ? delimiter !== "," && body.slice(0, 2000).some(([, cells]) => cells.some((cell) => /^[+-]?\d*,\d+$/.test(clean(cell))))
    : options.decimal === "comma";
  const lines = body.map(([line]) => line), missing = new Set(options.missing);
  const columns = names.map((name, j) => {
    const c = column(name, body.map(([, cells]) => clean(cells[j])), lines, { comma, missing });
    const [kind, words] = guess(c);
    if (words) said.push(words);
    return { ...c, kind: j < MOST.columns ? kind : "leave out" };
  });
  if (width > MOST.columns) said.push(`of ${width} columns the first ${MOST.columns} are used`);
  const between = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks" }[delimiter] ?? delimiter;
  return { columns, rows: body.length, header, comma, between, encoding, said };
}

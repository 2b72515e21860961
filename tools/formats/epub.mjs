// Run inside a built page, as printed: returns its article as XHTML for an EPUB, and the pictures it carried.
// docs: page -> its file in the EPUB, both relative to the site; doc: this page.
async ({ docs, doc, site }) => {
  const article = document.querySelector("article");
  const all = (selector, work, root = article) => root.querySelectorAll(selector).forEach(work);
  const drop = (selector) => all(selector, (e) => e.remove());
  const element = (name, className, ...content) => {
    const e = document.createElement(name);
    if (className) e.className = className;
    e.append(...content);
    return e;
  };

  // Formulas: each carries its MathML. Few programs read mathvariant, all read the letter itself.
  const first = { "double-struck": 0x1d538, script: 0x1d49c, bold: 0x1d400 };
  const older = { "double-struck": { C: "ℂ", N: "ℕ", P: "ℙ", Q: "ℚ", R: "ℝ", Z: "ℤ", 1: "𝟙" },
    script: { B: "ℬ", E: "ℰ", F: "ℱ", H: "ℋ", I: "ℐ", L: "ℒ", M: "ℳ", R: "ℛ" } };
  for (const set of document.querySelectorAll("article mjx-container")) {
    const math = set.querySelector("mjx-assistive-mml > math");
    math.setAttribute("alttext", math.textContent.trim());
    for (const e of [math, ...math.querySelectorAll("*")]) {
      for (const name of e.getAttributeNames()) if (name.startsWith("data-") || name === "class") e.removeAttribute(name);
      const [variant, letter] = [e.getAttribute("mathvariant"), e.textContent];
      if (!(variant in first) || !/^[A-Z1]$/.test(letter)) continue;
      e.removeAttribute("mathvariant");
      e.textContent = older[variant]?.[letter] ?? String.fromCodePoint(first[variant] + letter.charCodeAt(0) - 65);
    }
    // Programs that know only the core of MathML take a column's side from its style.
    for (const table of math.querySelectorAll("mtable[columnalign]")) {
      const sides = table.getAttribute("columnalign").split(/\s+/);
      const beside = sides[0] === "right" ? "0" : "0.4em";
      for (const row of table.children) [...row.children].forEach((cell, i) => {
        cell.setAttribute("style", `text-align: ${sides[Math.min(i, sides.length - 1)]}; padding: 0.3em ${beside}`);
      });
    }
    // A formula in a sentence that is wider than a small screen gets a line of its own, which scrolls.
    if (!set.hasAttribute("display") && set.scrollWidth > 400) set.closest(".math").classList.add("wide");
    set.replaceWith(math);
  }

  // A reading program need not know variables and classes of style sheets: a drawing carries its own colours.
  const line = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap"];
  const word = ["fill", "font-size", "font-weight", "text-anchor"];  // and no halo, which would hide it in old programs
  all("svg", (svg) => {
    const parts = [...svg.querySelectorAll("path, text")].map((e) => [e, getComputedStyle(e)]);
    for (const [e, style] of parts) {
      for (const name of e.localName === "text" ? word : line) e.setAttribute(name, style.getPropertyValue(name));
    }
    svg.setAttribute("font-family", "sans-serif");
  });

  // Explorers: a row of printed frames, or the first picture, with its words; nothing to drag.
  all(".mi-explorer", (e) => {
    if (e.querySelector(".mi-row > *")) all(":scope > .mi-panels, :scope > .mi-words", (old) => old.remove(), e);
  });
  drop("[hidden], script, style, form, .mi-preview, .mi-continue, input, button, .mi-controls, .mi-row:empty, .headerlink, .sd-summary-state-marker, .toctree-wrapper");
  // Choices are a list again, where nothing can be chosen.
  all("ul.mi-options", (list) => {
    for (const e of [list, ...list.children]) for (const name of ["role", "aria-labelledby"]) e.removeAttribute(name);
    all("label, label > span", (e) => e.replaceWith(...e.childNodes), list);
  });
  // What folds on the page stands open in a book.
  all("details", (e) => {
    const name = e.querySelector("summary .sd-summary-text, summary .collapsed")?.textContent ?? "";
    const body = [...e.children].filter((c) => c.localName !== "summary");
    const open = element("div", "folded", element("p", "folded-title", name.trim().replace(/^Show a/, "A")), ...body);
    if (e.id) open.id = e.id;  // other pages may refer to it
    e.replaceWith(open);
  });
  // A long signature's arguments, which Sphinx writes as a list of definitions without terms.
  all("dl:not(:has(> dt))", (e) => e.replaceWith(...[...e.children].map((dd) => element("div", "argument", ...dd.childNodes))));
  // A card's door stands under its text.
  all("a.sd-stretched-link", (a) => a.replaceWith(element("p", "door", a.cloneNode(true))));

  // Layers of one picture become one picture.
  for (const stack of article.querySelectorAll(".mi-stack")) {
    const layers = [...stack.querySelectorAll("img")], top = layers.at(-1);
    if (!top) continue;
    await Promise.all(layers.map((img) => img.decode()));
    const canvas = Object.assign(document.createElement("canvas"), { width: top.naturalWidth, height: top.naturalHeight });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    for (const img of layers) pen.drawImage(img, 0, 0, canvas.width, canvas.height);
    top.src = canvas.toDataURL("image/png");
    stack.replaceChildren(top);
  }

  // Pictures that stand in the page become files; WebP becomes PNG, which every reading program shows.
  const pictures = [];
  for (const img of article.querySelectorAll("img")) {
    const drawing = img.getAttribute("src").endsWith(".svg");
    if (!drawing) await img.decode();
    if (img.src.startsWith("data:")) {
      const canvas = Object.assign(document.createElement("canvas"), { width: img.naturalWidth, height: img.naturalHeight });
      canvas.getContext("2d").drawImage(img, 0, 0);
      pictures.push(canvas.toDataURL("image/png"));
      img.setAttribute("src", `@picture-${pictures.length - 1}@`);
    }
    for (const name of ["loading", "decoding", "style"]) img.removeAttribute(name);
    if (!img.hasAttribute("alt")) img.alt = "";
  }

  // Links stay in the book, or go out to the web, or are words.
  const up = "../".repeat(doc.split("/").length - 1);
  all("a[href]", (a) => {
    const [path, anchor] = a.href.split("#");
    if (path.startsWith(site)) {
      const goal = path === location.href.split("#")[0] ? doc : path.slice(site.length).replace(/\.html$/, "");
      if (!(goal in docs)) return a.replaceWith(...a.childNodes);
      a.setAttribute("href", (goal === doc && anchor ? "" : up + docs[goal]) + (anchor ? `#${decodeURIComponent(anchor)}` : ""));
    } else if (!/^(https?|mailto):/.test(path)) a.replaceWith(...a.childNodes);
  });

  // Attributes that serve scripts; names that stand twice.
  const seen = new Set();
  for (const e of [article, ...article.querySelectorAll("*")]) {
    for (const name of e.getAttributeNames()) if (/^(data-|tabindex|aria-(hidden|expanded|live|busy))/.test(name)) e.removeAttribute(name);
    if (e.id && seen.has(e.id)) e.removeAttribute("id");
    else if (e.id) seen.add(e.id);
  }
  const sections = [...article.querySelectorAll("section > h2")].map((h) => [h.parentElement.id, h.textContent.trim()]);
  const content = element("section", "", ...article.childNodes);
  return { text: new XMLSerializer().serializeToString(content), pictures, sections };
};

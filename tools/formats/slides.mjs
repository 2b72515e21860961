// Run inside a built chapter: returns the slides that it holds, as HTML, and the files they need.
// A second-level heading begins a slide, what follows goes down from it; `<!-- slide: type -->` (from the source's
// `+++ {"slideshow": {"slide_type": ...}}`) and the class tag_slide-type of a code cell overrule what is chosen here.
() => {
  const article = document.querySelector("article");
  const all = (selector, work, root = article) => root.querySelectorAll(selector).forEach(work);
  all(".headerlink, .copybtn, button.copybtn, .sd-summary-state-marker, .toctree-wrapper, .from-the-package, .mi-guess, .mi-continue, .mi-preview", (e) => e.remove());
  all(".mi-dark", (e) => e.remove());
  all(".mi-choices button", (e) => e.replaceWith(...e.childNodes));
  all("a[href]", (a) => {
    if (a.classList.contains("external")) a.target = "_blank";
    else a.replaceWith(...a.childNodes);
  });
  // In a deck every section element is a slide.
  all(".admonition section", (e) => {
    const box = document.createElement("div");
    box.append(...e.childNodes);
    e.replaceWith(box);
  });
  all(".mi-explorer", (e) => {
    delete e.dataset.alive;
    e.querySelector(".mi-row")?.replaceChildren();
    e.querySelectorAll("input").forEach((i) => i.setAttribute("value", i.value));
  });

  const holder = document.createElement("div");
  const out = { title: article.querySelector("h1").textContent.trim(), stacks: [], images: [] };
  let stack, told = false, inExercises = false, inFirst = false;
  const add = (html, { type = "", notes = "", fresh = false, picture = false, lead = false } = {}) => {
    if (type === "slide") stack = out.stacks[out.stacks.push([]) - 1];
    stack.push({ html, notes, type, picture, lead, fresh: fresh || told || type === "subslide" });
    told = false;
  };

  // A paragraph says one sentence on the slide and everything to the speaker. The book has one sentence a line.
  const sentence = (p, last) => {
    const lines = [[]];
    for (const node of p.childNodes) {
      const parts = node.nodeType === Node.TEXT_NODE ? node.textContent.split("\n") : [node.cloneNode(true)];
      parts.forEach((part, i) => {
        if (i) lines.push([]);
        lines.at(-1).push(part);
      });
    }
    const kept = lines.filter((line) => line.some((part) => part.textContent ?? part.trim()));
    holder.replaceChildren(...(last ? kept.at(-1) : kept[0]) ?? []);
    if (!last && kept.length > 1 && holder.textContent.length < 30) holder.append(" ", ...kept[1]);  // "The trap."
    return `<p>${holder.innerHTML.trim()}</p>`;
  };
  const leads = (p) => {
    const next = p.nextElementSibling;
    return /[^.?!”"»)]$|:$/.test(p.textContent.trim()) && next !== null && next.matches(".math, ul, ol, .cell, .proof");
  };

  const cell = (e, type) => {
    const output = e.querySelector(".cell_output");
    const form = e.querySelector("form.mi-check"), figure = output?.querySelector(".mi-explorer, figure, img");
    if (form) return form.matches(".mi-code") ? undefined : add(form.outerHTML, { type });  // nobody writes code on a slide
    if (figure) {
      const block = figure.closest(".output") ?? figure;
      return add(block.outerHTML, { type, picture: true });
    }
    const input = e.querySelector(".cell_input"), code = input?.textContent.trimEnd() ?? "";
    const draws = /\b(fig|ax|plt|left|right)\b/.test(code), says = /^\s*(def|class) /m.test(code);
    // Lines that only fetch names or hand numbers to the page's sentences are no matter for a lecture.
    const pre = input?.querySelector("pre");
    const lines = pre?.innerHTML.split("\n").filter((line) => {
      holder.innerHTML = line;
      return !/^(from|import|glue\()/.test(holder.textContent);
    });
    if (pre) pre.innerHTML = lines.join("\n").replace(/^\n+|\n+$/g, "").replace(/\n{3,}/g, "\n\n");
    if (type || (says && !draws && !inExercises && !inFirst && code.split("\n").length <= 24)) add(input.outerHTML, { type });
    if (type && output) add(output.outerHTML);
  };

  const item = (e, type) => {
    if (type === "skip") return;
    if (type === "notes") return add("", { notes: e.outerHTML });
    if (e.matches("section")) return section(e, type);
    if (e.matches(".cell")) return cell(e, type);
    if (e.matches("p")) {
      const whole = type || inExercises || e.textContent.length < 110;
      if (e.textContent.trim() === "Write your answer here.") return;
      const lead = leads(e);
      return add(whole ? e.outerHTML : sentence(e, lead), { type, lead, notes: whole ? "" : e.outerHTML });
    }
    if (e.matches(".predict")) {
      const answer = e.querySelector("details");
      answer?.remove();
      add(e.outerHTML, { type, fresh: true });
      const words = answer?.querySelector(".sd-summary-content");
      if (words) add(`<div class="admonition reveal-answer">${words.innerHTML}</div>`, { type: type || "fragment" });
      told = true;  // what follows would tell the answer
    } else if (!e.matches("details, span, script, style, table.docutils.footnote")) {
      add(e.outerHTML, { type, picture: e.matches("figure") });
    }
  };

  const children = (root) => {
    let type = "";
    for (const node of root.childNodes) {
      if (node.nodeType === Node.COMMENT_NODE) {
        const mark = node.textContent.match(/^\s*slide:\s*(\S*)\s*$/);
        if (mark) type = mark[1];
      } else if (node.nodeType === Node.ELEMENT_NODE && !/^H[1-6]$/.test(node.tagName)) {
        const own = [...node.classList].find((c) => c.startsWith("tag_slide-"));
        item(node, own ? own.slice("tag_slide-".length) : type);
      }
    }
  };

  const section = (root, type) => {
    if (root.id === "further-reading" || type === "skip") return;
    const head = root.querySelector(":scope > h2, :scope > h3, :scope > h4");
    if (head.tagName === "H2") {
      inExercises = root.id === "exercises";
      inFirst = root.id === "see-it";  // where a picture says it all
      stack = out.stacks[out.stacks.push([]) - 1];
    }
    add(head.outerHTML, { fresh: true });
    children(root);
  };

  stack = out.stacks[out.stacks.push([]) - 1];
  add(article.querySelector("h1").outerHTML, { fresh: true });
  children(article.querySelector("section"));
  return out;
};

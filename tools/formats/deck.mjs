// Runs in a deck before reveal.js: shares what a chapter says among slides so that each fits, whatever the fonts are.
const HEIGHT = 660;
const { body } = document;
body.classList.add("measuring");
await document.fonts.ready;

const make = (name, className, ...content) => {
  const e = document.createElement(name);
  e.className = className;
  e.append(...content);
  return e;
};

const shrink = (e) => {
  for (const box of e.querySelectorAll('mjx-container[display="true"], pre')) {
    const need = box.scrollWidth / box.clientWidth;
    if (need > 1.01) box.style.zoom = Math.max(0.5, 1 / need - 0.01);
  }
};

const fit = (slide, item, least) => {
  item.style.zoom = "";
  for (let zoom = 1; slide.scrollHeight > HEIGHT && zoom > least + 0.01; ) item.style.zoom = zoom -= 0.05;
};

for (const stack of document.querySelectorAll(".slides > section")) {
  const heads = [];
  let slide = null, filled = 0;
  const start = (again) => {
    slide = make("section", "");
    stack.append(slide);
    for (const head of heads) slide.append(head.cloneNode(true));
    if (again) slide.firstElementChild?.classList.add("again");
    filled = 0;
  };
  for (const item of [...stack.children]) {
    const head = item.querySelector(":scope > h1, :scope > h2, :scope > h3, :scope > h4");
    if (head) {
      if (head.tagName === "H2" || head.tagName === "H1") heads.length = 0;
      else heads.length = Math.min(heads.length, 1);
      const alone = slide !== null && filled === 0;
      if (alone) slide.remove();
      heads.push(head);
      start(false);
      if (head.tagName === "H1") heads.length = 0;
      item.remove();
      continue;
    }
    if (item.dataset.fresh && filled) start(true);
    slide.append(item);
    shrink(item);
    // A picture gets a little smaller to stand beside its sentence; what is too tall even alone, as small as it must.
    if (item.dataset.picture) fit(slide, item, filled ? 0.75 : 0.3);
    if (filled && slide.scrollHeight > HEIGHT) {
      const [before, many] = [item.previousElementSibling, filled > 1];
      start(true);
      if (many && before.dataset.lead) slide.append(before);  // "so that" goes with what follows
      slide.append(item);
    }
    fit(slide, item, 0.3);
    if (!item.classList.contains("only-notes")) filled += 1;
  }
  for (const s of [...stack.children]) {
    const shown = s.querySelector(".item:not(.only-notes), h1");
    if (!shown && stack.children.length > 1) s.remove();
    const notes = [...s.querySelectorAll(".item > aside.notes")];
    if (notes.length) {
      const all = make("aside", "notes", ...notes.flatMap((n) => [...n.childNodes]));
      notes.forEach((n) => n.remove());
      s.append(all);
    }
  }
}
body.classList.remove("measuring");

await Reveal.initialize({
  width: 1280, height: 720, margin: 0.02, center: false, hash: true, slideNumber: "c/t", transition: "none",
  controlsTutorial: false, plugins: [RevealNotes], progress: true,
});

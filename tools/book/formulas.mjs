// Run by Node: sets formulas as MathJax does in a browser. A line of JSON in, a line of JSON out.
// First line in: {folder, macros}; out: {css}. Then {tex, display}; out: {html} or {fault}.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator](), require = createRequire(import.meta.url);
const answer = (data) => process.stdout.write(`${JSON.stringify(data)}\n`);
const { folder, macros } = JSON.parse((await lines.next()).value);
const MathJax = await require(`${folder}/node-main.js`).init({
  loader: { paths: { mathjax: folder }, require, load: ["input/tex-full", "output/chtml", "adaptors/liteDOM", "a11y/assistive-mml"] },
  // A macro that nobody has defined is a fault, not red letters.
  tex: { packages: { "[-]": ["noerrors", "noundefined", "require", "autoload"] }, macros },
  chtml: { fontURL: "mathjax", adaptiveCSS: false },
  startup: { typeset: false },
});
const { adaptor, output, document } = MathJax.startup;
const scale = 1.195;  // in a browser MathJax measures the text's letters: those of most systems ask for this
const sheet = adaptor.textContent(output.styleSheet(document));
answer({ css: sheet });
for await (const line of lines) {
  const { tex, display } = JSON.parse(line);
  try {
    const html = adaptor.outerHTML(MathJax.tex2chtml(tex, { display, scale }));
    const fault = /data-mjx-error="([^"]*)"/.exec(html)?.[1];
    answer(fault ? { fault } : { html });
  } catch (e) {
    answer({ fault: String(e.message ?? e) });
  }
}

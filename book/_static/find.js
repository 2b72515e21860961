// The search: a result names its section and shows its formulas; \rho, rho and ρ are one word; what was searched for is
// marked on the page that a result leads to, until the reader takes the marks off, and on no other page.
const SPHINX_HIGHLIGHT_ENABLED = false;  // Sphinx's own marks went into formulas, and stayed for any page opened later
(() => {
  const NAME = 'highlight', NO = '.math, svg, script, style, button, form, .headerlink';
  const escaped = (word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const starts = (words) => new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.map(escaped).join('|')})`, 'giu');

  const mark = (root, words) => {
    if (!words.length) return 0;
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), found = [];
    for (let t = texts.nextNode(); t; t = texts.nextNode()) if (!t.parentElement?.closest(NO)) found.push(t);
    let count = 0;
    for (const text of found) {
      const pattern = starts(words), parts = [];
      let end = 0;
      for (const m of text.data.matchAll(pattern)) {
        const span = document.createElement('span');
        span.className = 'highlighted';
        span.textContent = m[0];
        parts.push(text.data.slice(end, m.index), span);
        end = m.index + m[0].length;
        count += 1;
      }
      if (end) text.replaceWith(...parts, text.data.slice(end));
    }
    return count;
  };

  // ---- a page that a result has led to ----
  const arrive = () => {
    const here = new URL(location.href), words = (here.searchParams.get(NAME) ?? '').split(' ').filter(Boolean);
    if (!here.searchParams.has(NAME)) return;
    here.searchParams.delete(NAME);
    history.replaceState(history.state, '', here);
    const article = document.querySelector('.bd-article');
    if (!article || !mark(article, words)) return;
    const button = document.createElement('button');
    button.className = 'mi-unmark';
    button.type = 'button';
    button.textContent = 'Take the search’s marks off';
    const off = () => {
      for (const span of article.querySelectorAll('span.highlighted')) span.replaceWith(...span.childNodes);
      button.remove();
      document.removeEventListener('keydown', escape);
    };
    const escape = (event) => { if (event.key === 'Escape') off(); };
    button.addEventListener('click', off);
    document.addEventListener('keydown', escape);
    article.append(button);
  };

  // ---- the page of results ----
  const results = () => {
    let terms = [];
    const parse = Search._parseQuery, objects = Search.performObjectSearch;
    const greek = () => Object.entries(Search._index?.greek ?? {});  // letter, name
    const also = (word) => greek().flatMap(([letter, name]) => (word === name ? [letter] : word === letter ? [name] : []));
    // "rho" is not in "Neighbourhood".
    Search.performObjectSearch = (word, all) => objects(word, all).filter(([, name]) =>
      name.search(starts([word])) >= 0 || name.includes(word.charAt(0).toUpperCase() + word.slice(1)));
    Search._parseQuery = (query) => {
      const parsed = parse(query.replace(/\\(?=[A-Za-z])/g, ''));
      terms = [...parsed[3]].flatMap((word) => [word, ...also(word)]);
      return parsed;
    };

    const heading = (section) => {
      const copy = section?.querySelector(':scope > :is(h1, h2, h3, h4)')?.cloneNode(true);
      copy?.querySelectorAll('.headerlink').forEach((e) => e.remove());
      return copy ? [...copy.childNodes] : [];
    };
    // The words around the first that was searched for; a formula is one word.
    const around = (block, pattern) => {
      const pieces = [], walk = (node) => {
        if (node.nodeType === Node.TEXT_NODE) pieces.push(...node.data.split(/(?<=\s)/));
        else if (node.matches?.('.math')) pieces.push(node);
        else if (!node.matches?.(NO)) node.childNodes.forEach(walk);
      };
      if (block.matches('.math')) pieces.push(block);
      else walk(block);
      const first = Math.max(0, pieces.findIndex((p) => (p.textContent ?? p).match(pattern)));
      const from = first < 25 ? 0 : first - 15, to = from + 45;
      const line = document.createElement('p');
      line.className = 'context';
      line.append(from ? '… ' : '', ...pieces.slice(from, to).map((p) => p.cloneNode?.(true) ?? p), to < pieces.length ? ' …' : '');
      line.querySelectorAll('[id]').forEach((e) => e.removeAttribute('id'));
      line.querySelectorAll('.eqno').forEach((e) => e.remove());
      return line;
    };

    Search.makeSearchSummary = (text, words, anchor) => {
      const page = new DOMParser().parseFromString(text, 'text/html'), article = page.querySelector('.bd-article');
      if (!article) return document.createElement('p');
      page.querySelectorAll('.headerlink, script, style').forEach((e) => e.remove());
      const given = anchor ? page.getElementById(decodeURIComponent(anchor.slice(1))) : null;
      const block = 'p, li, dd, dt, figcaption, h1, h2, h3, h4, td, pre, div.math';
      const wanted = [...words].map((word) => starts([word, ...also(word)]));
      // Sentences and formulas before code.
      const count = (e) => wanted.filter((w) => e.textContent.search(w) >= 0).length - (e.localName === 'pre' ? 0.5 : 0);
      let best = given, most = 0;
      if (given?.matches('span, a')) best = given.closest('div.math') ?? given.nextElementSibling ?? given;
      if (given?.matches('section, div.proof, figure')) best = given.querySelector('p, figcaption') ?? given;
      if (!given) {
        for (const e of article.querySelectorAll(block)) {
          const n = e.querySelector(block) ? 0 : count(e);
          if (n > most) [best, most] = [e, n];
        }
      }
      const section = (best ?? article).closest('section[id]'), top = article.querySelector('section');
      const line = around(best ?? article.querySelector('p') ?? article, starts([...words, ...terms]));
      mark(line, terms);
      queueMicrotask(() => {
        const link = line.parentElement?.querySelector('a');
        if (!link) return;
        if (!anchor && section && section !== top) link.setAttribute('href', `${link.getAttribute('href')}#${section.id}`);
        link.replaceChildren(...heading(top), ...(section && section !== top ? [' › ', ...heading(section)] : []));
        const number = given && best?.querySelector?.('.eqno')?.textContent;
        if (number) link.append(` ${number}`);
      });
      return line;
    };

    // The words go with the link, and nowhere else.
    const carry = (event) => {
      const link = event.target.closest?.('#search-results a');
      if (!link || !terms.length) return;
      const goal = new URL(link.href);
      goal.searchParams.set(NAME, terms.join(' '));
      link.href = goal;
    };
    for (const kind of ['click', 'auxclick', 'contextmenu']) document.addEventListener(kind, carry, true);
  };

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', arrive);
  else arrive();
  if (typeof Search !== 'undefined') results();  // tools.book.light puts this script after Sphinx's and before the index
})();

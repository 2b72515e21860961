// A look at what a reference refers to, without leaving the line: a formula, a statement, a figure, a word, a source,
// a function of the package. It comes with the mouse and with the keyboard's focus, and goes with Escape.
(() => {
  const WANTED = 'div.math, .proof, figure, dt, div.citation';
  const box = document.createElement('div');
  let link = null;  // the link whose target is shown, or waited for
  let timer = 0;
  const pages = new Map();
  // A page that may connect to nothing looks at no other either.
  const closed = () => document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.content.includes("connect-src 'none'");

  // A page of the site as a document; from a folder no page may read another.
  const read = (url) => {
    const address = url.origin + url.pathname;
    if (!pages.has(address)) {
      pages.set(address, fetch(address).then(async (answer) => {
        if (!answer.ok) throw new Error(answer.statusText);
        return new DOMParser().parseFromString(await answer.text(), 'text/html');
      }));
    }
    return pages.get(address);
  };

  const target = (page, id) => {
    let found = page.getElementById(decodeURIComponent(id));
    if (found?.matches('span, a')) found = found.closest(WANTED) ?? found.nextElementSibling ?? found;
    return found?.matches(WANTED) ? found : null;
  };

  // A copy to look at: nothing in it has a name, takes the focus or leads elsewhere.
  const copy = (found, base) => {
    const parts = [found];
    if (found.matches('dt')) {
      let next = found.nextElementSibling;
      while (next?.matches('dt')) next = next.nextElementSibling;
      parts.push(...(next ? next.querySelectorAll(':scope > p:first-child, :scope > p:first-child + .math') : []));
    }
    return parts.map((part) => {
      const clone = document.importNode(part, true);
      const other = document.documentElement.dataset.theme === 'dark' ? '.mi-light' : '.mi-dark';
      clone.querySelectorAll(`.headerlink, button, script, style, ${other}`).forEach((e) => e.remove());
      clone.querySelectorAll('img').forEach((e) => e.removeAttribute('loading'));
      for (const e of [clone, ...clone.querySelectorAll('*')]) {
        for (const name of ['id', 'tabindex', 'href', 'name', 'role', 'aria-label', 'data-wide']) {
          if (!e.closest('mjx-container') || name === 'id' || name === 'tabindex') e.removeAttribute(name);
        }
        if (e.hasAttribute('src')) e.src = new URL(e.getAttribute('src'), base).href;
      }
      return clone;
    });
  };

  const hide = () => {
    clearTimeout(timer);
    link?.removeAttribute('aria-describedby');
    link = null;
    box.hidden = true;
  };

  const place = () => {
    if (!link || box.hidden) return;
    const at = link.getClientRects()[0] ?? link.getBoundingClientRect();
    if (at.bottom < 0 || at.top > innerHeight) return hide();
    const { offsetWidth: width, offsetHeight: height } = box;
    const left = Math.min(at.left, document.documentElement.clientWidth - width - 8);
    const below = at.bottom + height + 8 < innerHeight;
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - height - 4)}px`;
  };

  const show = async (asked) => {
    const url = new URL(asked.href);
    const here = url.pathname === location.pathname && url.origin === location.origin;
    if (!here && (location.protocol === 'file:' || closed())) return;
    try {
      const found = target(here ? document : await read(url), url.hash.slice(1));
      if (!found || link !== asked) return;
      box.replaceChildren(...copy(found, url));
    } catch {
      return;  // no network: the link itself still leads there
    }
    if (link !== asked) return;
    box.hidden = false;
    link.setAttribute('aria-describedby', box.id);
    link.removeAttribute('title');  // the browser's own small note would lie on top
    place();
  };

  const soon = (asked, delay) => {
    if (asked === link) return clearTimeout(timer);
    hide();
    link = asked;
    timer = setTimeout(() => show(asked), delay);
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(hide, 250);
  };
  const reference = (event) => event.target.closest?.('.bd-article a.internal[href*="#"]:not(.headerlink)');

  const start = () => {
    box.id = 'preview';
    box.className = 'mi-preview';
    box.setAttribute('role', 'tooltip');
    box.hidden = true;
    (document.querySelector('.bd-article') ?? document.body).append(box);
    document.addEventListener('pointerover', (event) => {
      if (event.pointerType === 'touch') return;
      const asked = reference(event);
      if (asked) soon(asked, 200);
      else if (link && box.contains(event.target)) clearTimeout(timer);
      else if (link) later();
    });
    document.addEventListener('focusin', (event) => {
      const asked = reference(event);
      if (asked?.matches(':focus-visible')) soon(asked, 0);
      else hide();
    });
    document.addEventListener('focusout', hide);
    document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && link) hide(); });
    document.addEventListener('scroll', place, { passive: true });
    addEventListener('resize', place);
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();

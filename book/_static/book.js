// What style sheets can't do: formulas and code that are too wide for their box can be scrolled with the keyboard.
(() => {
  // From a folder no page may read another, so search shows titles alone.
  if (location.protocol === 'file:' && typeof DOCUMENTATION_OPTIONS !== 'undefined') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  // The theme's own button calls its script from an attribute, which the content security policy forbids.
  document.addEventListener('click', (event) => { if (event.target.closest?.('.btn-fullscreen-button')) window.toggleFullScreen?.(); });
  // A side bar that is closed with Escape gives the focus back to its button.
  let opener = null;
  document.addEventListener('click', (event) => { opener = event.target.closest?.('.sidebar-toggle') ?? opener; }, true);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && event.target.closest?.('dialog[id$="-sidebar-modal"]')) setTimeout(() => opener?.focus(), 100);
  }, true);
  // A figure enlarged: over the whole screen, wider than a phone, until Escape or the button.
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('.bd-article a.mi-enlarge');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !window.HTMLDialogElement) return;
    event.preventDefault();
    const picture = link.firstElementChild.cloneNode(), dialog = document.createElement('dialog'), close = document.createElement('button');
    picture.removeAttribute('loading');
    dialog.className = 'mi-large';
    dialog.setAttribute('aria-label', 'The figure, enlarged');
    close.textContent = '×';
    close.setAttribute('aria-label', 'Close');
    close.type = 'button';
    dialog.append(close, picture);
    dialog.addEventListener('click', (inside) => { if (inside.target !== picture) dialog.close(); });
    dialog.addEventListener('close', () => { dialog.remove(); link.focus(); });
    document.body.append(dialog);
    dialog.showModal();
  });
  // Paper has no handles: what is folded is printed open, and folded again afterwards. Solutions stay folded.
  let unfolded = [];
  window.addEventListener('beforeprint', () => {
    unfolded = [...document.querySelectorAll('.bd-article details.sd-dropdown:not([open])')];
    for (const d of unfolded) d.open = true;
  });
  window.addEventListener('afterprint', () => { for (const d of unfolded) d.open = false; });
  const phone = window.matchMedia('(max-width: 30rem)'), least = 0.8;
  const wide = 'mjx-container, .bd-article pre, .bd-article .cell_output > div, .pst-scrollable-table-container';
  // On a phone a formula that is a little too wide is set a little smaller; one that is much too wide scrolls as well.
  const fit = () => {
    const formulas = [...document.querySelectorAll('.bd-article mjx-container')].filter((f) => f.style.fontSize);
    if (!phone.matches && !formulas.some((f) => f.dataset.size)) return;  // a laptop: nothing was ever made smaller
    for (const f of formulas) {
      f.style.fontSize = f.dataset.size ??= f.style.fontSize;
      f.classList.remove('broad');
    }
    if (!phone.matches) return;
    const room = (f) => (f.hasAttribute('display') ? f : f.closest('p, li, td, dd, div, figcaption')).clientWidth;
    const ratios = formulas.map((f) => room(f) / (f.firstElementChild.offsetWidth + 8) || 1);  // 8: a full stop
    formulas.forEach((f, i) => {
      if (ratios[i] < 1) f.style.fontSize = `calc(${Math.max(least, ratios[i]).toFixed(3)} * ${f.dataset.size})`;
      f.classList.toggle('broad', ratios[i] < least && !f.hasAttribute('display'));
    });
  };
  const mark = () => {
    fit();
    for (const box of document.querySelectorAll(wide)) {
      const scrolls = box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX !== 'visible';
      if (scrolls && box.tabIndex < 0) {
        box.tabIndex = 0;
        box.setAttribute('role', 'group');
        box.setAttribute('aria-label', box.matches('mjx-container') ? 'Formula, scrolls sideways' : 'Scrolls sideways');
        box.dataset.wide = '1';
      } else if (!scrolls && box.dataset.wide) {
        for (const name of ['tabindex', 'role', 'aria-label', 'data-wide']) box.removeAttribute(name);
      }
    }
  };
  const start = () => {
    mark();
    document.fonts?.addEventListener('loadingdone', mark);  // a formula's own font makes it wider
    new ResizeObserver(mark).observe(document.querySelector('.bd-article') ?? document.body);
    document.addEventListener('toggle', mark, true);
  };
  if (document.readyState === 'complete') start();
  else window.addEventListener('load', start);
})();

// What a reader has read, answered and guessed: kept in this browser and nowhere else, and not at all where it keeps
// nothing. The contents show how far each chapter has come; the first page leads back to where one was.
(() => {
  const KEY = 'mi-lab-reader';
  const empty = () => ({ pages: {}, guesses: {}, last: null });
  let memory = empty();
  try { memory = { ...memory, ...JSON.parse(localStorage.getItem(KEY) ?? '{}') }; } catch { /* nothing is kept */ }
  // What the forms keep (form.mjs): the answers themselves, and whether they were right.
  const ANSWERS = 'mi-lab-answers';
  const answers = () => { try { return JSON.parse(localStorage.getItem(ANSWERS)) ?? {}; } catch { return {}; } };
  const right = (id) => answers()[id]?.right === '1';
  const forgetAnswers = () => {
    try { localStorage.removeItem(ANSWERS); } catch { /* nothing is kept */ }
    for (const page of Object.values(memory.pages)) page.right = [];
    keep();
  };
  const keep = () => { try { localStorage.setItem(KEY, JSON.stringify(memory)); } catch { /* nothing is kept */ } };

  const root = new URL(document.documentElement.dataset.content_root || './', location.href);
  const doc = (url) => decodeURIComponent(url.pathname.slice(root.pathname.length)).replace(/\.html$/, '') || 'index';
  const here = doc(location);
  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const plain = (heading) => [...heading.childNodes].filter((n) => !n.matches?.('.headerlink, .mi-tick')).map((n) => n.textContent).join('').trim();

  // ---- the marks in the table of contents ----
  const marks = () => {
    for (const link of document.querySelectorAll('.bd-docs-nav a.reference.internal')) {
      link.querySelector('.mi-mark')?.remove();
      const page = memory.pages[doc(new URL(link.href))];
      if (!page?.of) continue;
      const done = page.read.length + page.right.length;
      const words = done >= page.of ? 'done' : `${page.read.length} of ${page.sections} sections read, ${page.right.length} of ${page.of - page.sections} exercises answered`;
      const mark = make('span', '', { class: 'mi-mark', title: words });
      mark.style.setProperty('--part', `${Math.round((100 * done) / page.of)}%`);
      mark.append(make('span', ` (${words})`, { class: 'visually-hidden' }));
      link.append(mark);
    }
  };

  // ---- the tick at an exercise whose every form is answered ----
  const done = (words) => {
    const mark = make('span', '✓', { class: 'mi-tick', title: words });
    mark.append(make('span', ` ${words}`, { class: 'visually-hidden' }));
    return mark;
  };
  const tick = (form) => {
    const section = form.closest('section'), heading = section?.querySelector('h2, h3, h4');
    heading?.querySelector('.mi-tick')?.remove();
    if (![...section.querySelectorAll('form.mi-check')].every((f) => right(f.id))) return;
    heading.insertBefore(done('answered'), heading.querySelector('.headerlink'));
  };

  // ---- the list of exercises: what is answered, and the one place to forget it ----
  const list = () => {
    const places = [...document.querySelectorAll('.mi-done')];
    const named = places.filter((place) => place.dataset.checks);
    const count = () => {
      const store = answers();
      let all = 0;
      for (const place of named) {
        const ids = place.dataset.checks.split(' ');
        place.replaceChildren();
        if (ids.every((id) => store[id]?.right === '1')) place.append(done('answered')), all += 1;
        else if (ids.some((id) => store[id])) place.append(make('span', 'tried'));
      }
      return all;
    };
    const line = document.querySelector('.mi-forget');
    if (!line) return;
    const button = make('button', 'Forget all answers', { type: 'button' });
    const said = make('span', '', { role: 'status' });
    const tell = () => {
      const all = count();
      button.hidden = !Object.keys(answers()).length;
      said.textContent = `${all} of ${named.length} answered. `;
    };
    button.addEventListener('click', () => {
      if (!button.dataset.sure) {  // a second press, so that no slip of the hand costs a month's answers
        button.dataset.sure = '1';
        button.textContent = 'Forget them: press once more';
        return;
      }
      delete button.dataset.sure;
      button.textContent = 'Forget all answers';
      forgetAnswers();
      marks();
      tell();
    });
    button.addEventListener('blur', () => {
      delete button.dataset.sure;
      button.textContent = 'Forget all answers';
    });
    line.append(said, button);
    line.hidden = false;
    tell();
  };

  // ---- sections read, exercises answered ----
  const follow = () => {
    const sections = [...document.querySelectorAll('.bd-article > section > section')];
    const forms = [...document.querySelectorAll('form.mi-check')];
    const page = memory.pages[here] ?? { read: [], right: [] };
    const known = (list, elements) => list.filter((id) => elements.some((e) => e.id === id));
    Object.assign(page, { read: known(page.read, sections), right: forms.map((f) => f.id).filter(right) });
    Object.assign(page, { sections: sections.length, of: sections.length + forms.length });
    memory.pages[here] = page;
    const note = (list, id) => {
      if (list.includes(id)) return;
      list.push(id);
      keep();
      marks();
    };
    const waiting = new Map();  // the end of a section has to stay in sight for a moment
    const watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        clearTimeout(waiting.get(target));
        if (isIntersecting) waiting.set(target, setTimeout(() => note(page.read, target.parentElement.id), 1500));
      }
    });
    for (const section of sections) watch.observe(section.lastElementChild);
    document.addEventListener('mi-answer', () => {
      page.right = forms.map((f) => f.id).filter(right);
      keep();
      marks();
      forms.forEach(tick);
    });
    forms.forEach(tick);
    const leave = () => {
      const passed = sections.filter((s) => s.getBoundingClientRect().top < innerHeight / 2).pop();
      const title = plain(document.querySelector('.bd-article h1'));
      memory.last = { doc: here, id: passed?.id ?? '', title, section: passed ? plain(passed.querySelector('h2, h3')) : '' };
      keep();
    };
    addEventListener('pagehide', leave);
    document.addEventListener('visibilitychange', () => { if (document.hidden) leave(); });
    leave();
  };

  const lead = () => {
    const { last } = memory;
    const place = document.querySelector('.bd-article section > p:last-of-type, .bd-article h1');
    if (!last || !place) return;
    const link = make('a', last.section ? `${last.title}, “${last.section}”` : last.title);
    link.href = `${new URL(`${last.doc}.html`, root)}${last.id ? `#${last.id}` : ''}`;
    const line = make('p', 'Continue where you left: ', { class: 'mi-continue' });
    const forget = make('button', 'forget', { type: 'button', title: 'Delete what this browser has kept of your reading and your answers' });
    forget.addEventListener('click', () => {
      memory = empty();
      forgetAnswers();
      marks();
      line.remove();
    });
    line.append(link, ' ', forget);
    (document.querySelector('.bd-article .sd-container-fluid') ?? place).before(line);
  };

  // ---- predict, then reveal ----
  const predict = (box, index) => {
    const key = `${here}:${index}`;
    const reveal = box.querySelector('details');
    const choices = [...box.querySelectorAll(':scope > ul > li')].filter((li) => li.querySelector('strong'));
    const answer = reveal?.querySelector('.sd-summary-content strong')?.textContent[0];
    if (!reveal) return;
    const row = make(choices.length ? 'div' : 'form', '', { class: 'mi-guess' });
    const said = make('p', '', { role: 'status' });
    const tell = () => {
      const guess = memory.guesses[key];
      if (guess === undefined) return;
      const verdict = choices.length ? (guess === answer ? ', and so it is' : `; it is ${answer}`) : '';
      said.textContent = `You guessed ${guess}${verdict}.`;
      for (const button of box.querySelectorAll('[aria-pressed]')) button.setAttribute('aria-pressed', button.value === guess);
    };
    const guessed = (guess) => {
      if (!guess) return;
      memory.guesses[key] = guess;
      keep();
      tell();
      reveal.open = true;
    };
    if (choices.length) {
      choices[0].parentElement.classList.add('mi-choices');
      for (const li of choices) {  // the choice itself is the button: its words are what it is called
        const words = li.querySelector(':scope > p') ?? li;
        const letter = words.querySelector('strong').textContent[0];
        const button = make('button', '', { type: 'button', value: letter, 'aria-pressed': 'false' });
        button.append(...words.childNodes);
        words.append(button);
        button.addEventListener('click', () => guessed(letter));
      }
    } else {
      row.setAttribute('aria-label', 'Your guess');
      const label = make('label', 'Your guess ');
      label.append(make('input', '', { type: 'text', inputmode: 'decimal', autocomplete: 'off' }));
      row.append(label, make('button', 'Guess', { type: 'submit' }));
      row.addEventListener('submit', (event) => {
        event.preventDefault();
        guessed(row.querySelector('input').value.trim());
      });
    }
    row.append(said);
    reveal.before(row);
    tell();
  };

  const start = () => {
    if (/^\d/.test(plain(document.querySelector('.bd-article h1') ?? document.body))) follow();
    if (here === 'index') lead();
    if (here === 'exercises') list();
    document.querySelectorAll('.admonition.predict').forEach(predict);
    marks();
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();

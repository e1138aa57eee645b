/**
 * Keeps the class page as the class is: reads what the service sends while somebody looks at the page, and puts
 * it in the place of what stood there. Hidden, it asks for nothing; seen again, it asks for what changed meanwhile.
 *
 * The HTML is the service's own, the same as in the page; nothing here makes HTML of anybody's words. What is said
 * here stands in the page, in the reader's language.
 */

const live = document.getElementById('live');
const state = document.getElementById('state');
const rows = document.getElementById('rows');
const find = document.getElementById('find');
const found = document.getElementById('found');

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** The service says every 15 seconds that it is there. Of one that died a proxy may keep the line open. */
const SILENCE_MS = 40_000;

let { life, version } = live.dataset;
let reading = null;
let failures = 0;
let timer;
let silence;

// -- what comes ----------------------------------------------------------------

function show(told) {
  ({ life, version } = told);
  const at = document.activeElement?.closest?.('tr')?.id;
  for (const [id, html] of Object.entries(told.rows)) {
    const row = document.getElementById(id);
    if (row !== null && row.outerHTML !== html.trim()) {
      row.outerHTML = html;
    }
  }
  for (const [id, html] of Object.entries(told.parts)) {
    const part = document.getElementById(id);
    // Nobody's half-written answer is taken from under their hands.
    if (part !== null && !isHeld(part)) {
      put(part, html);
      waiting.delete(id);
    } else if (part !== null) {
      waiting.set(id, html);
    }
  }
  if (at) {
    document.getElementById(at)?.querySelector('a')?.focus();
  }
  sieve();
}

/** Parts that came while somebody wrote in them. */
const waiting = new Map();

function isWriting(part) {
  return Array.from(part.querySelectorAll('textarea')).some(one => one.value);
}

/** Whether somebody is at something in there that would be lost; what has an id is found again. */
function isHeld(part) {
  const at = document.activeElement;
  return isWriting(part) || (part.contains(at) && !at.id);
}

function put(part, html) {
  const at = part.contains(document.activeElement) ? document.activeElement.id : '';
  part.innerHTML = html;
  if (at) {
    document.getElementById(at)?.focus();
  }
}

document.addEventListener('focusout', () => {
  setTimeout(() => {
    for (const [id, html] of waiting) {
      const part = document.getElementById(id);
      if (!isHeld(part)) {
        put(part, html);
        waiting.delete(id);
      }
    }
  });
});

// -- the stream ------------------------------------------------------------------

/** Not an EventSource: it could not send the header that the Hub asks for. */
async function read(signal) {
  expect();
  const { names, roster } = live.dataset;
  const query = new URLSearchParams({ names, roster, life, since: version });
  const reply = await fetch(`${live.dataset.url}?${query}`, {
    headers: { 'X-XSRFToken': live.dataset.xsrf, Accept: 'text/event-stream' },
    cache: 'no-store',
    signal
  });
  if (reply.status === 401 || reply.status === 403) {
    stop(live.dataset.loggedOut);
    return;
  }
  if (!reply.ok || reply.body === null) {
    throw new Error(String(reply.status));
  }
  state.textContent = '';
  failures = 0;
  const lines = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    expect();
    const { value, done } = await lines.read();
    if (done) {
      return;
    }
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      take(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

/** Says so and begins anew if nothing comes for so long: a service that is frozen keeps the line open. */
function expect() {
  clearTimeout(silence);
  silence = setTimeout(() => {
    state.textContent = live.dataset.silent;
    reading?.abort();
  }, SILENCE_MS);
}

function take(event) {
  if (event.startsWith('event: gone')) {
    stop(live.dataset.gone);
  } else if (event.startsWith('event: again')) {
    location.reload();
  } else if (event.startsWith('data: ')) {
    show(JSON.parse(event.slice(6)));
  }
}

let over = false;

function stop(why) {
  over = true;
  state.textContent = why;
  reading?.abort();
}

function go() {
  clearTimeout(timer);
  if (over || document.hidden || reading !== null) {
    return;
  }
  const mine = new AbortController();
  reading = mine;
  read(mine.signal)
    .catch(() => {
      if (!mine.signal.aborted) {
        state.textContent = live.dataset.silent;
      }
    })
    .finally(() => {
      clearTimeout(silence);
      reading = null;
      if (!over && !document.hidden) {
        failures += 1;
        const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
        timer = setTimeout(go, pause * (0.5 + Math.random() / 2));
      }
    });
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearTimeout(timer);
    reading?.abort();
  } else {
    failures = 0;
    go();
  }
});

// -- finding, and the keyboard ------------------------------------------------------

function sieve() {
  const wanted = find.value.trim().toLowerCase();
  let many = 0;
  for (const row of rows.rows) {
    const here = row.cells[0].textContent.toLowerCase().includes(wanted);
    row.hidden = !here;
    many += here ? 1 : 0;
  }
  found.textContent = wanted ? live.dataset.found.replace('%n', many) : '';
}

find.addEventListener('input', sieve);

/** Up, down, Home and End go from learner to learner, past a thousand tab stops. */
rows.addEventListener('keydown', event => {
  const shown = Array.from(rows.rows).filter(row => !row.hidden);
  const at = shown.indexOf(event.target.closest('tr'));
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: shown.length - 1 }[event.key];
  const link = shown[to]?.querySelector('a');
  if (at >= 0 && link) {
    event.preventDefault();
    link.focus();
  }
});

sieve();
go();

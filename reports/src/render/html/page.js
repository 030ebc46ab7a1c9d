// The page's own script: times, the stretch of time that everything shows, the table of events.
// Every text goes in as text, never as markup: it comes from logs.
"use strict";

const page = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);

  /** An element with a class and text. */
  const make = (name, kind, text) => {
    const element = document.createElement(name);
    if (kind) element.className = kind;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // ---- times, on the clock that the report is written on ----

  const offsetAt = (ms) => {
    let low = 0;
    let high = data.offsets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (data.offsets[middle][0] <= ms) low = middle;
      else high = middle - 1;
    }
    return data.offsets.length ? data.offsets[low][1] : 0;
  };
  const two = (n) => String(n).padStart(2, "0");
  const offsetText = (s) =>
    data.zone === "UTC" ? "Z" : ` ${s < 0 ? "-" : "+"}${two(Math.floor(Math.abs(s) / 3600))}:${two(Math.floor(Math.abs(s) / 60) % 60)}`;
  const civil = (ms) => new Date(ms + offsetAt(ms) * 1000).toISOString().slice(0, 19).replace("T", " ");
  const show = (ms) => civil(ms) + offsetText(offsetAt(ms));
  /** What a person typed, on the same clock; NaN if it is no time. */
  const read = (text) => {
    const match = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*$/.exec(text);
    if (!match) return NaN;
    const [, year, month, day, hour, minute, second] = match.map((part) => Number(part ?? 0));
    const local = Date.UTC(year, month - 1, day, hour, minute, second);
    return local - offsetAt(local - offsetAt(local) * 1000) * 1000;
  };
  const spell = (ms) => {
    const s = Math.floor(Math.abs(ms) / 1000);
    const [days, hours, minutes] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
    if (days) return `${days} d ${hours} h`;
    return hours ? `${hours} h ${minutes} min` : `${minutes} min ${s % 60} s`;
  };

  // ---- the stretch of time that charts and events show ----

  const listeners = [];
  let stretch = null;
  const onStretch = (listener) => listeners.push(listener);
  /** Shows a stretch of time, in milliseconds; all of it for null. */
  const setStretch = (from, to) => {
    const next = from === null || !(from < to) ? null : [from, to];
    if (String(next) === String(stretch)) return;
    stretch = next;
    $("window-says").textContent = next ? `${show(next[0])} to ${show(next[1])}` : "all";
    $("window-from").value = next ? civil(next[0]) : "";
    $("window-to").value = next ? civil(next[1]) : "";
    for (const listener of listeners) listener(stretch);
  };
  const form = $("window");
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const ends = ["window-from", "window-to"].map((id) => $(id));
    const times = ends.map((input) => read(input.value));
    ends.forEach((input, at) => input.setAttribute("aria-invalid", String(Number.isNaN(times[at]))));
    if (times.every((time) => !Number.isNaN(time)) && times[0] < times[1]) setStretch(times[0], times[1]);
    else $("window-says").textContent = "nothing new: write times such as 2026-04-02 10:00, the earlier first";
  });
  form.addEventListener("reset", () => setTimeout(() => setStretch(null, null)));

  // ---- countdowns by this computer's clock: the page may be read long after it was written ----

  const countdowns = [...document.querySelectorAll("[data-until]")];
  const tick = () => {
    for (const element of countdowns) {
      const left = Date.parse(element.dataset.until) - Date.now();
      element.textContent =
        left > 0 ? `By this computer's clock: ${spell(left)} left` : `By this computer's clock: passed ${spell(left)} ago`;
      element.hidden = false;
    }
  };
  if (countdowns.length) {
    tick();
    setInterval(tick, 1000);
  }

  // ---- links to a check open it; paper shows everything ----

  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  addEventListener("hashchange", open);
  open();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const details of folded) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
  });

  // ---- the table of events: only the rows in sight exist ----

  const events = data.events;
  const grid = () => {
    const ROW = 33;
    const SPARE = 12;
    const rows = $("rows");
    const text = (number) => data.texts[number];
    const when = (at) => (events.when[at] === null ? show(events.at[at]) : text(events.when[at]));
    const columns = [
      ["when", "c-when", when],
      ["node", "c-node", (at) => text(events.node[at])],
      ["what", "c-what", (at) => text(events.mnemonic[at])],
      ["message", "c-text", (at) => text(events.text[at])],
    ];
    const table = make("table");
    table.setAttribute("aria-label", "Events");
    const head = table.createTHead().insertRow();
    for (const [title, kind] of columns) {
      const cell = make("th", kind, title);
      cell.scope = "col";
      head.append(cell);
    }
    const body = table.createTBody();
    const above = body.insertRow();
    const below = make("tr", "space");
    above.className = "space";
    for (const space of [above, below]) {
      space.setAttribute("aria-hidden", "true");
      space.append(make("td"));
      space.firstChild.colSpan = columns.length;
    }
    body.append(below);
    rows.append(table);

    let hits = [];
    let first = -1;
    let last = -1;
    let chosen = -1;
    const draw = (force) => {
      const begin = Math.max(0, Math.floor(rows.scrollTop / ROW) - SPARE);
      const end = Math.min(hits.length, begin + Math.ceil(Math.max(rows.clientHeight, 600) / ROW) + 2 * SPARE);
      if (!force && begin === first && end === last) return;
      [first, last] = [begin, end];
      while (above.nextSibling !== below) above.nextSibling.remove();
      const piece = document.createDocumentFragment();
      for (let row = begin; row < end; row += 1) {
        const line = make("tr");
        line.dataset.row = row;
        line.setAttribute("aria-rowindex", row + 2);
        line.setAttribute("aria-selected", String(hits[row] === chosen));
        for (const [, kind, value] of columns) line.append(make("td", kind, value(hits[row])));
        piece.append(line);
      }
      below.before(piece);
      above.firstChild.style.height = `${begin * ROW}px`;
      below.firstChild.style.height = `${(hits.length - end) * ROW}px`;
    };
    let waiting = false;
    rows.addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        draw(false);
      });
    });

    const detail = (at) => {
      chosen = at;
      const box = $("event");
      const list = make("dl", "rows");
      const add = (title, value) => list.append(make("dt", "", title), make("dd", "", value));
      for (const [title, , value] of columns) add(title, value(at));
      add("kind", text(events.what[at]));
      if (text(events.params[at])) add("parameters", text(events.params[at]));
      box.replaceChildren(list);
      events.places[at].forEach((place, number) => {
        const line = make("figure", "line");
        line.append(make("figcaption", "", text(place)));
        if (events.quotes[at].length) {
          const quote = make("pre");
          quote.append(make("code", "", text(events.quotes[at][number])));
          line.append(quote);
        }
        box.append(line);
      });
      if (!events.quotes[at].length) box.append(make("p", "note", "The JSON report quotes the lines of so many events."));
      box.hidden = false;
      draw(true);
    };
    rows.addEventListener("click", (event) => {
      const line = event.target.closest("tr[data-row]");
      if (line) detail(hits[Number(line.dataset.row)]);
    });
    rows.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step || !hits.length) return;
      event.preventDefault();
      const row = Math.min(hits.length - 1, Math.max(0, hits.indexOf(chosen) + step));
      const top = row * ROW;
      if (top < rows.scrollTop) rows.scrollTop = top;
      if (top > rows.scrollTop + rows.clientHeight - 2 * ROW) rows.scrollTop = top - rows.clientHeight + 3 * ROW;
      detail(hits[row]);
    });

    // A text is compared once, however many events have it.
    const filter = () => {
      const wanted = $("filter").value.trim().toLowerCase();
      const known = new Map();
      const has = (number) => {
        if (!known.has(number)) known.set(number, data.texts[number].toLowerCase().includes(wanted));
        return known.get(number);
      };
      const node = $("filter-node").value;
      const kind = $("filter-kind").value;
      hits = [];
      for (let at = 0; at < events.at.length; at += 1) {
        if (node !== "" && events.node[at] !== Number(node)) continue;
        if (kind !== "" && events.mnemonic[at] !== Number(kind)) continue;
        if (stretch && (events.at[at] === null || events.at[at] < stretch[0] || events.at[at] > stretch[1])) continue;
        if (
          wanted &&
          !has(events.text[at]) && !has(events.mnemonic[at]) && !has(events.what[at]) && !has(events.node[at]) &&
          !has(events.params[at]) && !events.places[at].some(has)
        ) continue;
        hits.push(at);
      }
      const number = (n) => n.toLocaleString("en-US");
      $("filter-says").textContent = `${number(hits.length)} of ${number(events.at.length)} events`;
      table.setAttribute("aria-rowcount", hits.length + 1);
      if (rows.scrollTop) rows.scrollTop = 0;
      draw(true);
    };
    const options = (id, column) => {
      const numbers = [...new Set(column)].sort((a, b) => (text(a) < text(b) ? -1 : 1));
      for (const number of numbers) {
        const option = make("option", "", text(number));
        option.value = number;
        $(id).append(option);
      }
    };
    options("filter-node", events.node);
    options("filter-kind", events.mnemonic);
    let timer = 0;
    $("filter").addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(filter, 80);
    });
    for (const id of ["filter-node", "filter-kind"]) $(id).addEventListener("change", filter);
    onStretch(filter);
    $("grid").hidden = false;
    document.body.classList.add("drawn");
    filter();
  };
  if ($("grid")) grid();

  return { data, make, show, spell, offsetAt, onStretch, setStretch };
})();

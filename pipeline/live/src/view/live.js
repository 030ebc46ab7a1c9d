"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const link = find("link");
  const old = find("old");

  // ---- time: by the clock of the watch, which need not be this computer's and is another one in a replay ----

  let ahead = Date.parse(document.body.dataset.at) - Date.now();
  const spell = (ms) => {
    const s = Math.floor(Math.abs(ms) / 1000);
    const [d, h, m] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
    const two = (n) => String(n).padStart(2, "0");
    return d > 0 ? `${d} d ${two(h)} h ${two(m)} min` : h > 0 ? `${h} h ${two(m)} min ${two(s % 60)} s` : `${m} min ${two(s % 60)} s`;
  };
  const tick = () => {
    for (const element of document.querySelectorAll("[data-until]")) {
      const left = Date.parse(element.dataset.until) - Date.now() - ahead;
      const says = left > 0 ? `${spell(left)} left` : `passed ${spell(left)} ago`;
      if (element.textContent !== says) element.textContent = says;
      element.classList.toggle("passed", left <= 0);
      element.hidden = false;
    }
  };

  // ---- parts that changed are put in their places; what was open stays open, what had the focus keeps it ----

  const key = (element) => {
    const holder = element.closest("tr, article, dd, details.check, details[data-key]");
    const of = holder && holder !== element ? holder.dataset.key || holder.firstElementChild.textContent : "";
    const own = element.dataset.key || (element.querySelector("summary") || element).textContent;
    return `${of}|${own}`;
  };
  const drawn = new Map();
  // A row or card that was not there before; one whose text only moves on with the clock was.
  const MARKED = ["now", "alerts", "events"];
  const named = (element) => (element.querySelector("h1, .top") || element).textContent;
  const known = new Map();
  const marked = (id, fresh) => {
    const all = [...fresh.querySelectorAll("article, tbody tr")];
    const before = known.get(id);
    known.set(id, new Set(all.map(named)));
    if (before) for (const element of all) element.classList.toggle("fresh", !before.has(named(element)));
  };
  const put = (id, markup) => {
    const place = find(id);
    if (!place || drawn.get(id) === markup) return;
    drawn.set(id, markup);
    // All of it was escaped by the server, and the policy runs no script that it could hold.
    const fresh = new DOMParser().parseFromString(markup, "text/html").body;
    if (MARKED.includes(id)) marked(id, fresh);
    const open = new Set([...place.querySelectorAll("details[open]")].map(key));
    const focus = place.contains(document.activeElement) ? document.activeElement : null;
    const focused = focus && `${focus.tagName}|${key(focus.closest("details") || focus)}`;
    const scrolled = [...place.querySelectorAll(".scroll")].map((element) => element.scrollLeft);
    place.replaceChildren(...fresh.childNodes);
    for (const details of place.querySelectorAll("details")) if (open.has(key(details))) details.open = true;
    place.querySelectorAll(".scroll").forEach((element, at) => (element.scrollLeft = scrolled[at] || 0));
    if (focused) {
      for (const element of place.querySelectorAll(focus.tagName))
        if (`${element.tagName}|${key(element.closest("details") || element)}` === focused) {
          element.focus({ preventScroll: true });
          break;
        }
    }
  };

  // ---- the connection: what is shown is only called live while something is heard ----

  const SILENCE_MAX = 25000;
  let heard = Date.now();
  let isOld = false;
  let source = null;
  const clock = (at) => new Date(at).toTimeString().slice(0, 8);
  const show = (word, mood) => {
    if (link.textContent !== word) link.textContent = word;
    link.className = `tag ${mood}`;
    link.hidden = false;
  };
  const isLive = () => {
    heard = Date.now();
    isOld = false;
    show("live", "good");
    old.hidden = true;
    document.body.classList.remove("stale");
  };
  const isLost = () => {
    isOld = true;
    show("reconnecting", "bad");
    const says = `What this page shows is old: nothing was heard from the watch since ${clock(heard)}. It goes on by itself when the watch answers.`;
    if (old.textContent !== says) old.textContent = says;
    old.hidden = false;
    document.body.classList.add("stale");
  };
  const connect = () => {
    if (source) source.close();
    source = new EventSource("/events");
    source.addEventListener("snapshot", (event) => {
      const snapshot = JSON.parse(event.data);
      ahead = Date.parse(snapshot.at) - Date.now();
      for (const [id, markup] of Object.entries(snapshot.parts)) put(id, markup);
      isLive();
      tick();
    });
    source.addEventListener("beat", isLive);
    source.addEventListener("error", () => {
      isLost();
      // A refusal ends the stream for good; a network that breaks does not.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
    });
  };
  show("connecting", "plain");
  connect();
  tick();
  setInterval(() => {
    tick();
    if (!isOld && Date.now() - heard > SILENCE_MAX) {
      isLost();
      connect();
    }
  }, 1000);
})();

// What pages do beyond links and forms: keys, and the live mark when the console itself
// goes away. Everything works without it.
"use strict";

(() => {
  // ---- Keys -----------------------------------------------------------------
  const typing = (target) => target.closest("input, select, textarea, [contenteditable], dialog[open]");
  const rows = () => Array.from(document.querySelectorAll("table.rows tbody tr[data-href]"));
  let prefix = 0;

  const choose = (step) => {
    const all = rows();
    if (all.length === 0) return;
    const at = all.findIndex((row) => row.classList.contains("chosen"));
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    all.forEach((row) => row.classList.remove("chosen"));
    next.classList.add("chosen");
    const link = next.querySelector("a");
    if (link) link.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };

  const keys = {
    "/": () => document.getElementById("q")?.focus(),
    "?": () => document.getElementById("keys")?.showModal(),
    j: () => choose(1),
    k: () => choose(-1),
    Enter: () => {
      const row = document.querySelector("table.rows tr.chosen");
      if (!row) return false;
      location.assign(row.dataset.href);
    },
    g: () => { prefix = Date.now(); },
  };

  document.addEventListener("keydown", (event) => {
    if (document.body.dataset.shortcuts !== "on") return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (Date.now() - prefix < 1500) {
      prefix = 0;
      const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (link) {
        event.preventDefault();
        link.click();
        return;
      }
    }
    // A focused link or button keeps its own Enter, unless it is in the chosen row.
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    const action = keys[event.key];
    if (action && action() !== false) event.preventDefault();
  });

  document.addEventListener("dblclick", (event) => {
    const row = event.target.closest("tr[data-href]");
    if (row && !event.target.closest("a, button")) location.assign(row.dataset.href);
  });

  // ---- Countdowns --------------------------------------------------------------
  // A time to come becomes what is left until then. Parts of the page are replaced while it
  // is shown, so they are looked up anew each time.
  const left = (until) => {
    const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    return hours ? `${hours}:${rest}` : rest;
  };
  const countdown = () => {
    for (const time of document.querySelectorAll("time[data-until]")) {
      if (!time.title) time.title = time.textContent;
      time.textContent = left(Number(time.dataset.until));
    }
  };
  countdown();
  setInterval(countdown, 1000);
  document.body.addEventListener("htmx:sseMessage", countdown);

  // ---- What waits for the reader -----------------------------------------------
  // Pushed on every page that is looked at: browsers open few connections per host, so a page
  // in the background holds none for it.
  const SILENCE_MS = 7000;
  const waits = document.getElementById("waiting");
  const badge = () => {
    let source = null;
    let heard = Date.now();
    let shown = "";
    const count = () => waits.querySelector("[data-count]")?.dataset.count ?? "0";
    const close = () => { source?.close(); source = null; };
    const open = () => {
      if (source || document.hidden) return;
      source = new EventSource("/requests/badge/live");
      heard = Date.now();
      source.addEventListener("badge", (event) => {
        heard = Date.now();
        if (event.data === shown) return;
        const before = count();
        shown = event.data;
        waits.innerHTML = shown;
        if (count() !== before) document.body.dispatchEvent(new CustomEvent("waiting"));
      });
      source.addEventListener("expired", close);
      // Refused for good by the browser: tried again as long as the page is looked at.
      source.addEventListener("error", () => { if (source?.readyState === EventSource.CLOSED) close(); });
    };
    const doubt = () => {
      const last = shown;
      const mark = document.createElement("span");
      const time = new Intl.DateTimeFormat("ja-JP", { timeStyle: "medium", timeZone: waits.dataset.zone }).format(heard);
      mark.className = "badge stale";
      mark.dataset.count = count();
      mark.setAttribute("role", "img");
      mark.title = waits.dataset.stale.replace("{0}", time);
      mark.setAttribute("aria-label", mark.title);
      mark.textContent = `${count()}?`;
      if (waits.innerHTML !== mark.outerHTML) waits.replaceChildren(mark);
      if (last) shown = "";
    };
    document.addEventListener("visibilitychange", () => { document.hidden ? close() : open(); });
    addEventListener("pagehide", close);
    addEventListener("pageshow", open);
    open();
    setInterval(() => {
      if (document.hidden) return;
      if (Date.now() - heard >= SILENCE_MS) doubt();
      if (!source) open();
    }, 2000);
  };
  if (waits) badge();

  // ---- The live mark ----------------------------------------------------------
  // The console says "live" every two seconds. When it does not, nobody but this script
  // can tell the reader.
  const live = document.querySelector("[data-live]");
  if (!live) return;
  let heard = Date.now();
  let over = false;

  const mark = (text) => {
    const place = live.querySelector(".mark-place");
    if (!place) return;
    const span = document.createElement("span");
    span.className = "mark stale";
    span.textContent = text;
    place.replaceChildren(span);
  };

  document.body.addEventListener("htmx:sseMessage", () => { heard = Date.now(); });
  document.body.addEventListener("htmx:sseClose", (event) => {
    if (event.detail.type !== "message") return;
    over = true;
    mark(live.dataset.signedOut);
  });
  const zone = document.querySelector(".zone")?.textContent ?? "";
  setInterval(() => {
    if (over || Date.now() - heard < SILENCE_MS) return;
    const shown = live.querySelector(".mark.stale");
    if (shown) return;
    // The time of the last sign of life, as the console last wrote it.
    const last = live.querySelector(".mark")?.textContent.match(/\d\d:\d\d:\d\d/);
    const time = last ? `${last[0]} ${zone}` : "–";
    mark(live.dataset.stale.replace("{0}", time));
  }, 1000);
})();

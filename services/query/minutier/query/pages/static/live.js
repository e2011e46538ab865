// How far recordings are, as it happens.

import { refresh } from "./api.js";
import { _, percent } from "./i18n.js";

// A browser has few connections to a server, and the page itself wants some.
const AT_ONCE = 3;
const OTHERS_MS = 20000;

const followed = new Map();

/** Follow what is under way on this page, for as long as it is. */
export function live() {
  const shown = [...document.querySelectorAll("[data-progress]")].map((each) => each.dataset.progress);
  for (const [id, source] of followed) if (!shown.includes(id)) (source.close(), followed.delete(id));
  for (const id of shown) if (!followed.has(id) && followed.size < AT_ONCE) followed.set(id, follow(id));
}

function follow(id) {
  const source = new EventSource(`/api/v1/recordings/${id}/progress`);
  let first = true;
  source.addEventListener("progress", (event) => tell(id, JSON.parse(event.data)));
  source.addEventListener("state", (event) => {
    const { state } = JSON.parse(event.data);
    if (["completed", "failed", "rejected", "cancelled"].includes(state)) {
      source.close();
      followed.delete(id);
    }
    // The first one tells what the page has just shown.
    if (!first || source.readyState === EventSource.CLOSED) refresh();
    first = false;
  });
  source.addEventListener("open", () => lost(id, false));
  source.addEventListener("error", () => lost(id, true));
  return source;
}

function tell(id, { fraction, position, seconds_left: left }) {
  const box = document.querySelector(`[data-progress="${id}"]`);
  if (!box) return;
  const bar = box.querySelector("progress");
  const done = Math.floor(bar.value + 1e-6);
  if (fraction != null) bar.value = Math.max(bar.value, Math.min(done + fraction * 0.999, bar.max));
  const figures = [
    position ? _("number %(position)s in the queue", { position }) : "",
    fraction ? percent(fraction) : "",
    left != null ? _("about %(time)s left", { time: length(left) }) : "",
  ];
  box.querySelector("[data-figures]").textContent = figures.filter(Boolean).join(" · ");
}

function length(seconds) {
  return seconds < 60 ? _("one minute") : `${Math.ceil(seconds / 60)} min`;
}

function lost(id, isLost) {
  const figures = document.querySelector(`[data-progress="${id}"] [data-figures]`);
  if (figures && isLost) figures.textContent = _("The connection is lost: trying again…");
  else if (figures && figures.textContent === _("The connection is lost: trying again…")) figures.textContent = "";
}

document.addEventListener("fresh", live);
setInterval(() => {
  const waiting = document.querySelectorAll("[data-progress]").length > followed.size;
  if (waiting && document.visibilityState === "visible") refresh();
}, OTHERS_MS);
addEventListener("pagehide", () => followed.forEach((source) => source.close()));

// A purge under way, as it goes on.

import { show } from "./fresh.js";

const EVERY_MS = 2000;
const MOST_MS = 15000;

const followed = () => document.querySelector("[data-follow]");

/** What the page offers depends on the state: once that is another, it is loaded again. */
async function look() {
  const box = followed();
  if (!box) return;
  if (document.visibilityState === "visible") await renew(box);
  setTimeout(look, EVERY_MS);
}

async function renew(box) {
  let html;
  try {
    const answer = await fetch(box.dataset.follow, {
      headers: { Accept: "text/html" },
      // Whoever is not signed in any more is led elsewhere.
      redirect: "manual",
      signal: AbortSignal.timeout(MOST_MS),
    });
    if (answer.type === "opaqueredirect") location.reload();
    if (!answer.ok) return;
    html = await answer.text();
  } catch {
    return;
  }
  const now = new DOMParser().parseFromString(html, "text/html").getElementById("progress");
  if (now.dataset.state !== box.dataset.state) location.reload();
  else show(html);
}

look();

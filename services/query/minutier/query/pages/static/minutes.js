// Minutes light up the moments that they rest on.

import { into } from "./transcript.js";

const minutes = document.getElementById("minutes");

function cited(item) {
  return [...item.querySelectorAll(".cite")].map((cite) => document.getElementById(cite.hash.slice(1))).filter(Boolean);
}

function light(item) {
  document.querySelectorAll(".said.cited").forEach((each) => each.classList.remove("cited"));
  document.querySelectorAll(".item.lit").forEach((each) => each.classList.remove("lit"));
  if (!item) return;
  item.classList.add("lit");
  for (const segment of cited(item)) segment.classList.add("cited");
}

if (minutes) {
  for (const event of ["pointerover", "focusin"]) {
    minutes.addEventListener(event, ({ target }) => {
      const item = target.closest?.(".item");
      if (item && target.closest(".cite")) light(item);
    });
  }
  minutes.addEventListener("click", (event) => {
    const cite = event.target.closest(".cite");
    if (!cite) return;
    // On a phone the transcript is behind the other tab.
    if (matchMedia("(max-width: 64rem)").matches) document.getElementById("tab-transcript").click();
    light(cite.closest(".item"));
    into(document.getElementById(cite.hash.slice(1)), { always: true });
  });
}

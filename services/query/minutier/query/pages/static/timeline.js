// Who speaks when: press to go there, and see where one is.

import { _, clock } from "./i18n.js";
import { notice } from "./api.js";
import { here, onTime, playFrom, seek } from "./player.js";
import { followAgain, into } from "./transcript.js";

const lanes = document.getElementById("lanes");

function connect() {
  const duration = () => Number(lanes.dataset.duration);
  const over = () => document.getElementById("lanes-over");
  // Lanes stand between the names and the figures, whose widths only the browser knows.
  const fraction = (event) => {
    const { left, width } = over().getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width));
  };
  const show = (seconds) => {
    document.getElementById("playhead").style.left = `${(100 * Math.min(seconds, duration())) / duration()}%`;
  };
  lanes.addEventListener("pointermove", (event) => {
    if (!event.target.closest("#lanes-over")) return;
    const hover = document.getElementById("hover");
    hover.style.left = `${fraction(event) * 100}%`;
    hover.firstElementChild.textContent = clock(fraction(event) * duration());
  });
  lanes.addEventListener("click", (event) => {
    if (!event.target.closest("#lanes-over")) return;
    followAgain();
    seek(fraction(event) * duration());
    into(document.querySelector(".said.current"));
  });
  onTime(show);
  document.addEventListener("fresh", () => {
    show(here());
    if (lanes.classList.contains("all")) document.querySelector("[data-all]")?.parentElement.remove();
  });
}

function next(selector) {
  const found = [...document.querySelectorAll(selector)];
  if (!found.length) return;
  const after = found.find((each) => Number(each.dataset.start) > here() + 0.05) ?? found[0];
  document.getElementById("tab-transcript").click();
  into(after, { always: true });
  playFrom(Number(after.dataset.start));
  notice(_("From %(time)s", { time: clock(Number(after.dataset.start)) }));
}

function showAll(button) {
  lanes.classList.add("all");
  button.parentElement.remove();
  lanes.querySelector(".lane.more .lane-name")?.focus();
}

if (lanes) {
  connect();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-next]");
    const all = event.target.closest("[data-all]");
    if (all) showAll(all);
    if (button) next(button.dataset.next === "gap" ? ".silent" : ".said.doubtful");
  });
}

// Sharing a meeting, and taking it back.

import { API, attempt, notice, refresh, send } from "./api.js";
import { _ } from "./i18n.js";

const form = document.getElementById("give");
const meeting = document.getElementById("meeting");

const path = (whom, name) => `${API}/recordings/${meeting.dataset.id}/shares/${whom}/${encodeURIComponent(name)}`;

function choose() {
  const whom = form.whom.value;
  for (const field of form.querySelectorAll("[data-when]")) {
    field.hidden = field.dataset.when !== whom;
    field.querySelector("input").required = !field.hidden;
  }
}

/** The moment at which a day, that is included, has ended here. */
function ended(day) {
  if (!day) return null;
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + 1).toISOString();
}

async function give() {
  const whom = form.whom.value;
  const name = (whom === "person" ? form.email : form.group).value.trim();
  const done = await attempt(async () => {
    await send("PUT", path(whom, name), { level: form.level.value, until: ended(form.until.value) });
    await refresh();
  });
  if (!done) return;
  form.reset();
  choose();
  notice(_("Shared with %(name)s", { name }));
}

async function take(given) {
  const [whom, ...name] = given.split("/");
  const done = await attempt(async () => {
    await send("DELETE", path(whom, name.join("/")));
    await refresh();
  });
  if (done) notice(_("No longer shared with %(name)s", { name: name.join("/") }));
}

if (form) {
  choose();
  form.addEventListener("change", (event) => event.target.name === "whom" && choose());
  form.addEventListener("submit", (event) => (event.preventDefault(), give()));
  document.getElementById("share").addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-take]");
    if (pressed) take(pressed.dataset.take);
  });
}

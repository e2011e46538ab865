// Stopping the work on a recording, and having it done again.

import { API, attempt, notice, refresh, send } from "./api.js";
import { _ } from "./i18n.js";

const meeting = document.getElementById("meeting");
const form = document.getElementById("reprocess");
let models = {};

/** What may be chosen for the step that is chosen; the API names the usual one first. */
function offer() {
  const usual = new Option(form.model.dataset.default, "");
  const others = (models[form.stage.value] ?? []).slice(1);
  form.model.replaceChildren(usual, ...others.map((name) => new Option(name, name)));
}

async function learn() {
  await attempt(async () => (models = await (await send("GET", `${API}/models`)).json()));
  offer();
}

async function ask(path, body, told) {
  const done = await attempt(async () => {
    await send("POST", `${API}/recordings/${meeting.dataset.id}/${path}`, body);
    await refresh();
  });
  if (done) notice(told);
}

if (form) {
  document.addEventListener("click", (event) => event.target.closest("[data-opens=redo]") && learn());
  form.addEventListener("change", (event) => event.target.name === "stage" && offer());
  form.addEventListener("submit", () => {
    ask("reprocess", { stage: form.stage.value, model: form.model.value || null }, _("It is being done again"));
  });
  document.getElementById("cancel").addEventListener("submit", (event) => {
    if (event.submitter.value) ask("cancel", undefined, _("The work is stopped"));
  });
}

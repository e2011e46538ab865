// Correcting words, naming and merging speakers, and taking it back.

import { attempt, notice, send, show } from "./api.js";
import { _ } from "./i18n.js";
import { onKey } from "./keys.js";
import { currentSegment, currentWord, pointed, wordsOf } from "./transcript.js";
import { change } from "./words.js";

const meeting = document.getElementById("meeting");
const list = document.getElementById("said");
let last = null;

document.addEventListener("fresh", ({ detail: now }) => {
  meeting.dataset.version = now.getElementById("meeting").dataset.version;
});

/** Lay an edit over the transcript that is shown, and show what it reads now. */
async function lay(edit, told) {
  return attempt(async () => {
    const headers = { "If-Match": meeting.dataset.version };
    const response = await send("POST", `/recordings/${meeting.dataset.id}/edits`, edit, headers);
    const made = response.headers.get("Minutier-Edit");
    last = made;
    show(await response.text());
    notice(told, { action: edit.kind === "undo" ? null : { label: _("Undo"), run: () => undo(made) } });
  });
}

function undo(id) {
  return lay({ kind: "undo", edit: id }, _("Undone"));
}

function open(element, number = -1) {
  if (!element || element.classList.contains("editing")) return;
  const { text, words } = wordsOf(element);
  const field = document.createElement("textarea");
  field.value = text;
  field.rows = 1;
  field.maxLength = text.length + 2000;
  field.setAttribute("aria-label", _("What is said"));
  const actions = document.createElement("div");
  actions.className = "said-actions";
  actions.lang = document.documentElement.lang;
  const keep = button(_("Save"), "button main");
  const leave = button(_("Cancel"), "button");
  actions.append(keep, leave, _("Enter saves, Escape cancels"));
  element.classList.add("editing");
  element.querySelector(".text").hidden = true;
  element.querySelector(".text").after(field, actions);
  const close = () => {
    element.classList.remove("editing");
    element.querySelector(".text").hidden = false;
    field.remove();
    actions.remove();
    document.querySelector(`#${element.id} .correct`)?.focus();
  };
  const save = async () => {
    const { text: now, lengths } = wordsOf(element);
    const changed = change(now, lengths, field.value);
    if (!changed) return close();
    keep.disabled = true;
    const edit = { kind: "correct", segment: element.id, ...changed };
    const id = element.id;
    element.classList.add("saving");
    const done = await lay(edit, _("Corrected"));
    element.classList.remove("saving");
    keep.disabled = false;
    if (done) close();
    if (done) document.querySelector(`#${id} .correct`)?.focus();
  };
  keep.addEventListener("click", save);
  leave.addEventListener("click", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !event.isComposing) (event.preventDefault(), save());
  });
  field.focus();
  const word = words[number];
  if (word) field.setSelectionRange(word.from + Math.max(0, text.slice(word.from, word.to).search(/\S/)), word.to);
  else field.setSelectionRange(0, 0);
}

function button(label, kind) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = kind;
  made.textContent = label;
  return made;
}

/** Put what has changed into the list, and leave everything else, and who is typing, alone. */
function renew(now) {
  const fresh = now.getElementById("said");
  if (!fresh) return;
  const old = new Map([...list.children].map((each) => [each.id, each]));
  let before = null;
  for (const element of [...fresh.children]) {
    const known = old.get(element.id);
    old.delete(element.id);
    let placed = known ?? element;
    if (known?.classList.contains("editing")) {
      for (const name of ["lengths", "starts"]) known.dataset[name] = element.dataset[name];
      known.querySelector(".text").textContent = element.querySelector(".text").textContent;
    } else if (known && !same(known, element)) {
      known.replaceWith(element);
      placed = element;
    }
    if (!known) before ? before.after(placed) : list.prepend(placed);
    before = placed;
  }
  if (!("part" in fresh.dataset)) for (const gone of old.values()) gone.remove();
}

function same(known, element) {
  const plain = known.cloneNode(true);
  plain.classList.remove("current", "cited");
  return plain.outerHTML === element.outerHTML;
}

function speakers() {
  const dialog = document.getElementById("speaker");
  const name = document.getElementById("speaker-name");
  const into = document.getElementById("speaker-into");
  let speaker = null;
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-speaker]");
    if (!pressed) return;
    speaker = pressed.dataset.speaker;
    name.value = pressed.querySelector("span").textContent;
    for (const option of into?.options ?? []) option.hidden = option.disabled = option.value === speaker;
    if (into) into.value = [...into.options].find((option) => !option.hidden)?.value;
    dialog.showModal();
    name.select();
  });
  document.getElementById("rename").addEventListener("submit", (event) => {
    const taken = event.submitter?.value === "unname";
    lay({ kind: "rename", speaker, name: taken ? null : name.value }, taken ? _("The name is taken back") : _("Renamed"));
  });
  document.getElementById("merge")?.addEventListener("submit", () => {
    lay({ kind: "merge", speaker, into: into.value }, _("Merged"));
  });
}

if (meeting?.dataset.edit === "true") {
  document.addEventListener("fresh", (event) => renew(event.detail));
  list.addEventListener("click", (event) => {
    const pressed = event.target.closest(".correct");
    if (pressed) open(pressed.closest(".said"), pressed.closest(".said") === currentSegment() ? currentWord() : 0);
  });
  list.addEventListener("dblclick", (event) => {
    const text = event.target.closest(".text");
    if (text) open(text.closest(".said"), pointed(event, text));
  });
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-undo]");
    if (pressed) undo(pressed.dataset.undo);
  });
  onKey("e", () => open(currentSegment() ?? list.querySelector(".said"), Math.max(0, currentWord())));
  onKey("z", () => last && undo(last));
  speakers();
}
